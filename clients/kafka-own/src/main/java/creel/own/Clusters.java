package creel.own;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.network.ListenerName;
import org.apache.kafka.common.test.api.AutoStart;
import org.apache.kafka.common.test.api.ClusterConfig;
import org.apache.kafka.common.test.api.ClusterConfigProperty;
import org.apache.kafka.common.test.api.ClusterFeature;
import org.apache.kafka.common.test.api.ClusterTemplate;
import org.apache.kafka.common.test.api.ClusterTest;
import org.apache.kafka.common.test.api.ClusterTestDefaults;
import org.apache.kafka.common.test.api.ClusterTests;
import org.apache.kafka.common.test.api.Type;
import org.apache.kafka.server.common.Feature;

/** Which clusters a test method asks for, by its annotations: one run of the test for each. */
public final class Clusters {
    private static final ClusterTestDefaults NO_DEFAULTS = Plain.class.getAnnotation(ClusterTestDefaults.class);

    private Clusters() {}

    /** Whether the method is a test with clusters at all. */
    public static boolean areAskedFor(Method method) {
        return method.isAnnotationPresent(ClusterTest.class)
                || method.isAnnotationPresent(ClusterTests.class)
                || method.isAnnotationPresent(ClusterTemplate.class);
    }

    /** The clusters, in the order of the annotations, with one broker each. */
    public static List<ClusterConfig> of(Class<?> testClass, Method method) {
        return asked(testClass, method).stream().map(OneBroker::of).toList();
    }

    private static List<ClusterConfig> asked(Class<?> testClass, Method method) {
        ClusterTestDefaults given = testClass.getDeclaredAnnotation(ClusterTestDefaults.class);
        ClusterTestDefaults defaults = given == null ? NO_DEFAULTS : given;
        List<ClusterConfig> configs = new ArrayList<>();
        ClusterTemplate template = method.getAnnotation(ClusterTemplate.class);
        if (template != null) {
            configs.addAll(generated(testClass, template.value()));
        }
        ClusterTest single = method.getAnnotation(ClusterTest.class);
        if (single != null) {
            configs.add(config(single, defaults));
        }
        ClusterTests several = method.getAnnotation(ClusterTests.class);
        if (several != null) {
            for (ClusterTest one : several.value()) {
                configs.add(config(one, defaults));
            }
        }
        return configs;
    }

    @SuppressWarnings("unchecked")
    private static List<ClusterConfig> generated(Class<?> testClass, String generator) {
        try {
            Method method = find(testClass, generator);
            method.setAccessible(true);
            if (!Modifier.isStatic(method.getModifiers())) {
                throw new IllegalStateException(method + " is not static");
            }
            return (List<ClusterConfig>) method.invoke(null);
        } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException error) {
            throw new IllegalStateException("no clusters from " + generator, error);
        }
    }

    private static Method find(Class<?> testClass, String name) throws NoSuchMethodException {
        for (Class<?> one = testClass; one != null; one = one.getSuperclass()) {
            try {
                return one.getDeclaredMethod(name);
            } catch (NoSuchMethodException absent) {
                // Perhaps the parent has it.
            }
        }
        throw new NoSuchMethodException(testClass + "." + name);
    }

    private static ClusterConfig config(ClusterTest test, ClusterTestDefaults defaults) {
        Map<String, String> properties = new HashMap<>();
        Map<Integer, Map<String, String>> ofServers = new HashMap<>();
        put(defaults.serverProperties(), properties, ofServers);
        put(test.serverProperties(), properties, ofServers);
        Map<Feature, Short> features = new HashMap<>();
        for (ClusterFeature one : test.features()) {
            features.put(one.feature(), one.version());
        }
        Type[] types = test.types().length == 0 ? defaults.types() : test.types();
        return ClusterConfig.builder()
                .setTypes(new HashSet<>(Set.of(types)))
                .setBrokers(or(test.brokers(), defaults.brokers()))
                .setControllers(or(test.controllers(), defaults.controllers()))
                .setDisksPerBroker(or(test.disksPerBroker(), defaults.disksPerBroker()))
                .setAutoStart(test.autoStart() == AutoStart.DEFAULT ? defaults.autoStart() : test.autoStart() == AutoStart.YES)
                .setBrokerListenerName(ListenerName.normalised(test.brokerListener()))
                .setBrokerSecurityProtocol(test.brokerSecurityProtocol())
                .setControllerListenerName(ListenerName.normalised(test.controllerListener()))
                .setControllerSecurityProtocol(test.controllerSecurityProtocol())
                .setServerProperties(properties)
                .setPerServerProperties(ofServers)
                .setMetadataVersion(test.metadataVersion())
                .setTags(List.of(test.tags()))
                .setFeatures(features)
                .build();
    }

    /** Zero is an annotation's way to leave the choice to the class. */
    private static int or(int asked, int ofClass) {
        return asked == 0 ? ofClass : asked;
    }

    private static void put(
            ClusterConfigProperty[] given, Map<String, String> all, Map<Integer, Map<String, String>> ofServers) {
        for (ClusterConfigProperty one : given) {
            // -1 is every server.
            Map<String, String> into = one.id() == -1 ? all : ofServers.computeIfAbsent(one.id(), id -> new HashMap<>());
            into.put(one.key(), one.value());
        }
    }

    /** Carries the defaults of the annotation itself. */
    @ClusterTestDefaults
    private static final class Plain {}
}
