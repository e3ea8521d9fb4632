package creel;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** The members of one group, each a process, looked at together. */
final class Group implements AutoCloseable {
    /** One process and what it has said so far. */
    static final class Process {
        private final java.lang.Process process;
        private final Set<String> values = ConcurrentHashMap.newKeySet();
        private volatile List<Integer> assigned = List.of();

        private Process(List<String> command) throws IOException {
            process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            Thread listener = new Thread(this::listen);
            listener.setDaemon(true);
            listener.start();
        }

        private void listen() {
            try (BufferedReader output = process.inputReader()) {
                output.lines().forEach(this::heard);
            } catch (UncheckedIOException | IOException ended) {
                // A killed process closes its output in the middle of a line.
            }
        }

        private void heard(String line) {
            String[] words = line.split(" ");
            switch (words[0]) {
                case "read" -> values.add(words[1]);
                case "assigned" -> assigned = Arrays.stream(words).skip(1).map(Integer::valueOf).toList();
                default -> System.err.println(line);
            }
        }
    }

    private final List<Process> members = new ArrayList<>();
    private final List<String> command;

    Group(String bootstrap, String name, String topic) {
        String java = System.getProperty("java.home") + "/bin/java";
        String quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=error";
        String classes = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        command = List.of(java, quiet, "-cp", classes, Member.class.getName(), bootstrap, name, topic);
    }

    Process join() throws IOException {
        Process member = new Process(command);
        members.add(member);
        return member;
    }

    /** SIGKILL: the member has no chance to leave. */
    void kill(Process member) throws InterruptedException {
        members.remove(member);
        member.process.destroyForcibly().waitFor();
    }

    /** Every partition has exactly one owner, and every member owns something. */
    void untilShared(List<Integer> partitions) {
        Wait.until(() -> isShared(partitions), () -> "an assignment of " + partitions + " among " + this);
    }

    private boolean isShared(List<Integer> partitions) {
        List<List<Integer>> owned = members.stream().map(member -> member.assigned).toList();
        List<Integer> all = owned.stream().flatMap(List::stream).sorted().toList();
        return all.equals(partitions) && owned.stream().noneMatch(List::isEmpty);
    }

    /** Together they have read all of these values. */
    void untilRead(Set<String> wanted) {
        Wait.until(() -> missing(wanted).isEmpty(), () -> missing(wanted) + " among " + this);
    }

    private Set<String> missing(Set<String> wanted) {
        return wanted.stream()
                .filter(value -> members.stream().noneMatch(member -> member.values.contains(value)))
                .collect(Collectors.toSet());
    }

    @Override
    public String toString() {
        return members.stream()
                .map(member -> member.assigned + " and " + member.values.size() + " values")
                .collect(Collectors.joining(", "));
    }

    @Override
    public void close() throws InterruptedException {
        for (Process member : List.copyOf(members)) {
            kill(member);
        }
    }
}
