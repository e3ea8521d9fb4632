package creel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigDef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What `loadgen advice` prints for Java the producer takes, every name and every value (see clients/python/test_advice.py). */
class AdviceTest {
    private static final List<String> CODECS = List.of("none", "gzip:1", "snappy", "lz4", "zstd:19");

    /** Sweeps by name: what a producer can do by default, and what it must be allowed first. */
    private static final Map<String, String> SWEEPS = Map.of(
            "usual", "batch-bytes = '64k'\nacks = 'all'\nin-flight = 5\nlinger-ms = 5\n",
            "large", "batch-bytes = 1_000_000\npartitions = 20\nacks = '1'\nin-flight = 10\nlinger-ms = 2.5\n");

    @TempDir
    private static Path folder;

    private static Broker broker;

    @BeforeAll
    static void sweep() throws Exception {
        if ("true".equals(System.getenv("CI"))) {
            assertTrue(Files.exists(loadgen()), loadgen() + " is not there");
        }
        assumeTrue(Files.exists(loadgen()), loadgen() + " is not there");
        broker = Broker.start();
        for (Map.Entry<String, String> sweep : SWEEPS.entrySet()) {
            Path matrix = folder.resolve(sweep.getKey() + ".toml");
            Files.writeString(matrix, """
                    [base]
                    duration = "500ms"
                    warmup = "100ms"
                    record-size = 200
                    %s
                    [sweep]
                    codec = [%s]
                    [load]
                    maximum = true
                    """.formatted(sweep.getValue(), String.join(", ", CODECS.stream().map(codec -> "'" + codec + "'").toList())));
            String out = folder.resolve(sweep.getKey()).toString();
            loadgen("sweep", matrix.toString(), "--out", out, "--set", "bootstrap=" + broker.bootstrap());
        }
    }

    @AfterAll
    static void stop() throws Exception {
        if (broker != null) {
            broker.close();
        }
    }

    static Stream<Arguments> cells() {
        return SWEEPS.keySet().stream().sorted().flatMap(sweep -> CODECS.stream().map(codec -> Arguments.of(sweep, codec)));
    }

    @ParameterizedTest
    @MethodSource("cells")
    void theProducerTakesWhatIsAdvised(String sweep, String codec) throws Exception {
        Properties advised = advice(sweep, codec);
        assertEquals(codec.split(":")[0], advised.getProperty("compression.type"));
        assertEquals("large".equals(sweep), advised.containsKey("max.request.size"));

        // A name that it does not know it would pass over with a warning.
        TreeSet<String> unknown = new TreeSet<>(advised.stringPropertyNames());
        unknown.removeAll(ProducerConfig.configNames());
        assertTrue(unknown.isEmpty(), () -> "no settings of a producer: " + unknown);

        Properties settings = new Properties();
        settings.putAll(advised);
        settings.putAll(Settings.producer(broker.bootstrap()));
        Map<String, ?> taken = new ProducerConfig(settings).values();
        for (String name : advised.stringPropertyNames()) {
            ConfigDef.Type type = ProducerConfig.configDef().configKeys().get(name).type;
            String value = advised.getProperty(name).equals("all") ? "-1" : advised.getProperty(name); // two words for one
            assertEquals(value, ConfigDef.convertToString(taken.get(name), type), name);
        }
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings)) {
            assertTrue(producer.send(new ProducerRecord<>("advised", new byte[600])).get().offset() >= 0);
        }
    }

    /** The lines that are to be pasted. */
    private static Properties advice(String sweep, String codec) throws Exception {
        String said = loadgen("advice", folder.resolve(sweep).toString(), "--client", "java", "--slo", "codec=" + codec);
        int begin = said.indexOf("# Java, producer.properties");
        assertTrue(begin >= 0, said);
        Properties advised = new Properties();
        advised.load(new StringReader(said.substring(begin)));
        return advised;
    }

    /** Runs it and returns what it printed. */
    private static String loadgen(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(loadgen().toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), () -> String.join(" ", command) + "\n" + said);
        return said;
    }

    /** Beside the broker under test, also where another broker judges the tests. */
    private static Path loadgen() {
        String creel = System.getenv().getOrDefault("CREEL_BIN", "../../target/fast/creel");
        return Path.of(creel).resolveSibling("loadgen").toAbsolutePath().normalize();
    }
}
