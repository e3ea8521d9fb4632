package creel.own;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/** The tests in Kafka's jars that ask for a cluster. */
final class TestMethods {
    /** The jars, by the beginnings of their files' names. */
    private static final String[] JARS = {"kafka-clients-integration-tests-", "kafka-tools-", "kafka_2.13-"};

    private TestMethods() {}

    /** All of them, as class#method. */
    static Set<String> all() throws IOException {
        Set<String> names = new TreeSet<>();
        for (String entry : System.getProperty("java.class.path").split(":")) {
            String file = Path.of(entry).getFileName().toString();
            if (file.endsWith("-test.jar") && Arrays.stream(JARS).anyMatch(file::startsWith)) {
                addFrom(entry, names);
            }
        }
        return names;
    }

    private static void addFrom(String jar, Set<String> names) throws IOException {
        try (JarFile file = new JarFile(jar)) {
            for (Enumeration<JarEntry> entries = file.entries(); entries.hasMoreElements(); ) {
                String name = entries.nextElement().getName();
                if (name.endsWith(".class") && !name.contains("$")) {
                    addOf(name.substring(0, name.length() - ".class".length()).replace('/', '.'), names);
                }
            }
        }
    }

    private static void addOf(String className, Set<String> names) {
        try {
            Class<?> one = Class.forName(className, false, TestMethods.class.getClassLoader());
            if (!java.lang.reflect.Modifier.isAbstract(one.getModifiers())) {
                addOf(one, one, names);
            }
        } catch (ClassNotFoundException | LinkageError error) {
            // A class of some other framework's, that is not here. A test of ours would be missed by the committed table.
        }
    }

    /** Also what a parent class has. */
    private static void addOf(Class<?> one, Class<?> declaring, Set<String> names) {
        for (Method method : declaring.getDeclaredMethods()) {
            if (Clusters.areAskedFor(method)) {
                names.add(one.getName() + "#" + method.getName());
            }
        }
        if (declaring.getSuperclass() != null) {
            addOf(one, declaring.getSuperclass(), names);
        }
    }
}
