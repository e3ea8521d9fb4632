package creel.own;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** One creel process, with a directory of its own that goes when it ends. */
final class BrokerProcess {
    private static final long START_SECONDS = 30;
    private static final long STOP_SECONDS = 30;

    private final Path folder;
    private final Path properties;
    private final Path output;
    private final int port;
    private Process process;

    private BrokerProcess(Path folder, int port) {
        this.folder = folder;
        this.port = port;
        properties = folder.resolve("server.properties");
        output = folder.resolve("broker.out");
    }

    /** Not started yet. The port stays the same for all its starts. */
    static BrokerProcess prepare() {
        try {
            return new BrokerProcess(Files.createTempDirectory("creel-own-"), freePort());
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    int port() {
        return port;
    }

    Path dataDirectory() {
        return folder.resolve("data");
    }

    boolean isRunning() {
        return process != null && process.isAlive();
    }

    /** Starts it, and waits until it accepts connections. */
    void start(Map<String, String> settings) {
        try {
            write(settings);
            ProcessBuilder builder = new ProcessBuilder(binary(), "--config", properties.toString());
            builder.environment().keySet().removeIf(name -> name.startsWith("CREEL_"));
            builder.environment().put("CREEL_LOG", "warn");
            builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
            process = builder.start();
            Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
            awaitReady();
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    /** A clean stop: anything but the exit code 0 fails the test. */
    void stop() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("creel is still there long after SIGTERM:\n" + lastWords());
            }
        } catch (InterruptedException error) {
            process.destroyForcibly();
            throw new AssertionError("interrupted while creel stopped", error);
        }
        if (process.exitValue() != 0) {
            throw new AssertionError("creel ended with " + process.exitValue() + ":\n" + lastWords());
        }
    }

    /** Kills it and removes all that it has written. */
    void end() {
        boolean hasDied = process != null && !process.isAlive() && process.exitValue() != 0;
        String words = hasDied ? lastWords() : "";
        if (process != null) {
            process.destroyForcibly();
        }
        try {
            if (process != null) {
                process.waitFor();
            }
            removeAll();
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        if (hasDied) {
            throw new AssertionError("creel died:\n" + words);
        }
    }

    private void write(Map<String, String> settings) throws IOException {
        String lines = new TreeMap<>(settings).entrySet().stream()
                .map(one -> one.getKey() + "=" + one.getValue().replace("\\", "\\\\"))
                .collect(Collectors.joining("\n", "", "\n"));
        Files.writeString(properties, lines);
    }

    private void awaitReady() throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (System.nanoTime() < end) {
            if (!process.isAlive()) {
                throw new AssertionError("creel did not start:\n" + lastWords());
            }
            // The banner comes when the listeners are up.
            if (Files.readString(output).contains("\n  ready ")) {
                return;
            }
            pause();
        }
        process.destroyForcibly();
        throw new AssertionError("creel is not up after " + START_SECONDS + " s:\n" + lastWords());
    }

    private static void pause() {
        try {
            Thread.sleep(5);
        } catch (InterruptedException error) {
            throw new AssertionError("interrupted while creel started", error);
        }
    }

    private String lastWords() {
        try {
            String all = Files.readString(output);
            return all.substring(Math.max(0, all.length() - 4000));
        } catch (IOException error) {
            return error.toString();
        }
    }

    private void removeAll() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    private static String binary() {
        String binary = System.getenv("CREEL_BIN");
        if (binary == null) {
            throw new IllegalStateException("CREEL_BIN must name the broker's binary");
        }
        return binary;
    }

    private static int freePort() throws IOException {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return probe.getLocalPort();
        }
    }

    /** A new connection to it. */
    static Socket connect(int port) throws IOException {
        Socket socket = new Socket();
        socket.connect(new InetSocketAddress("127.0.0.1", port), 10_000);
        socket.setSoTimeout(30_000);
        return socket;
    }
}
