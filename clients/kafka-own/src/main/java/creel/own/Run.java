package creel.own;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.discovery.ClassNameFilter;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.PostDiscoveryFilter;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs tests of Kafka's jars and writes what became of each.
 *
 * <p>{@code Run RESULTS SKIPPED [NAME]...}: RESULTS is written, with a line for each test: its name, the outcome and the
 * reason, with tabs between. SKIPPED has the names of tests that are not run. A NAME is a part of a class#method; none is all.
 */
public final class Run {
    /** For what has no limit of its own: a test that hangs must not hold up the others. */
    private static final String LIMIT = "180 s";

    private Run() {}

    public static void main(String[] arguments) throws IOException {
        List<String> given = List.of(arguments);
        Path results = Path.of(given.get(0));
        Set<String> skipped = new HashSet<>(Files.readAllLines(Path.of(given.get(1))));
        List<String> names = given.subList(2, given.size());
        Set<String> chosen = new TreeSet<>(TestMethods.all());
        chosen.removeAll(skipped);
        chosen.removeIf(test -> !names.isEmpty() && names.stream().noneMatch(test::contains));
        Map<String, Outcome> outcomes = run(chosen, !names.isEmpty());
        for (String test : chosen) {
            outcomes.putIfAbsent(test, new Outcome(Outcome.Kind.FAILED, "it was not run"));
        }
        write(results, outcomes);
        say(outcomes);
        // Clients that a test has left open hold threads.
        System.exit(0);
    }

    private static Map<String, Outcome> run(Set<String> chosen, boolean withTraces) {
        Set<String> classes = chosen.stream().map(test -> test.split("#")[0]).collect(Collectors.toCollection(TreeSet::new));
        Map<String, Outcome> outcomes = new TreeMap<>();
        // A class at a time, so that what one leaves behind is soon let go.
        for (String one : classes) {
            Recorder recorder = new Recorder(System.out, withTraces);
            LauncherFactory.create().execute(request(one, chosen), recorder);
            outcomes.putAll(recorder.outcomes());
        }
        return outcomes;
    }

    private static LauncherDiscoveryRequest request(String testClass, Set<String> chosen) {
        return LauncherDiscoveryRequestBuilder.request()
                .selectors(DiscoverySelectors.selectClass(testClass))
                .filters(ClassNameFilter.includeClassNamePatterns(".*"), onlyChosen(chosen))
                .configurationParameter("junit.jupiter.extensions.autodetection.enabled", "true")
                .configurationParameter("junit.jupiter.execution.timeout.default", LIMIT)
                .build();
    }

    private static PostDiscoveryFilter onlyChosen(Set<String> chosen) {
        return descriptor -> {
            if (descriptor.getSource().orElse(null) instanceof MethodSource method) {
                boolean is = chosen.contains(method.getClassName() + "#" + method.getMethodName());
                return FilterResult.includedIf(is);
            }
            return FilterResult.included("a class");
        };
    }

    private static void write(Path file, Map<String, Outcome> outcomes) throws IOException {
        List<String> lines = new ArrayList<>();
        outcomes.forEach((test, one) -> lines.add(String.join("\t", test, one.kind().word, one.reason())));
        Files.write(file, lines);
    }

    private static void say(Map<String, Outcome> outcomes) {
        Map<Outcome.Kind, Long> counts =
                outcomes.values().stream().collect(Collectors.groupingBy(Outcome::kind, Collectors.counting()));
        System.out.printf(
                "%d pass, %d fail, %d are left out%n",
                counts.getOrDefault(Outcome.Kind.PASSED, 0L),
                counts.getOrDefault(Outcome.Kind.FAILED, 0L),
                counts.getOrDefault(Outcome.Kind.LEFT_OUT, 0L));
    }
}
