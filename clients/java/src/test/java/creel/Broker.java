package creel;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The one broker that all suites use: clients/python/serve.py starts, restarts and stops it. */
final class Broker implements AutoCloseable {
    private final Process process;
    private final BufferedReader output;
    private final Writer input;
    private String bootstrap;

    private Broker() throws IOException {
        Path suites = Path.of("../python").toAbsolutePath().normalize();
        process = new ProcessBuilder("python3", suites.resolve("serve.py").toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        input = process.outputWriter(StandardCharsets.UTF_8);
        awaitReady();
    }

    static Broker start() {
        try {
            return new Broker();
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    String bootstrap() {
        return bootstrap;
    }

    /** True where the broker is ours to restart. */
    static boolean canRestart() {
        return System.getenv("BOOTSTRAP") == null;
    }

    /** True where Apache Kafka stands in, to judge the tests. */
    static boolean isKafka() {
        return "kafka".equals(System.getenv("CREEL_ORACLE"));
    }

    void restart() throws IOException {
        input.write("restart\n");
        input.flush();
        awaitReady();
    }

    /** Stops the broker; anything but a clean exit is an error. */
    @Override
    public void close() throws IOException, InterruptedException {
        input.close();
        int code = process.waitFor();
        if (code != 0) {
            throw new AssertionError("the broker did not stop cleanly: exit code " + code);
        }
    }

    private void awaitReady() throws IOException {
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            if (line.startsWith("ready ")) {
                bootstrap = line.substring("ready ".length());
                return;
            }
        }
        throw new AssertionError("the broker ended before it was ready");
    }
}
