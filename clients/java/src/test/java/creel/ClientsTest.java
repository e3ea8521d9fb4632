package creel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every client is asked to do (see clients/python/stories.py), done by Apache Kafka's own. */
class ClientsTest {
    private static final List<Integer> PARTITIONS = List.of(0, 1, 2);

    private static Broker broker;

    private final String topic = "java-" + UUID.randomUUID();
    private final String group = "group-" + UUID.randomUUID();

    @BeforeAll
    static void start() {
        broker = Broker.start();
    }

    @AfterAll
    static void stop() throws Exception {
        broker.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "gzip", "snappy", "lz4", "zstd"})
    void recordsWithKeysAndHeadersComeBackEqualAndInOrder(String codec) throws Exception {
        List<ProducerRecord<byte[], byte[]>> sent = varied(700);
        List<RecordMetadata> positions = produce(sent, codec);
        assertSame(sent, positions, read(sent.size()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"uncompressed", "gzip", "snappy", "lz4", "zstd"})
    void recordsComeBackFromATopicWithACodecOfItsOwn(String codec) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrap()))) {
            NewTopic wanted = new NewTopic(topic, PARTITIONS.size(), (short) 1);
            admin.createTopics(List.of(wanted.configs(Map.of("compression.type", codec)))).all().get();
        }
        List<ProducerRecord<byte[], byte[]>> sent = varied(700);
        List<RecordMetadata> positions = new ArrayList<>(produce(sent.subList(0, 400), "none"));
        positions.addAll(produce(sent.subList(400, 700), codec.equals("gzip") ? "lz4" : "gzip"));
        assertSame(sent, positions, read(sent.size()));
    }

    @Test
    void jsonValuesComeBackAsTheSameDocuments() throws Exception {
        List<ProducerRecord<byte[], byte[]>> sent =
                jsonLines().stream().map(line -> record(null, line)).toList();
        assertSame(sent, produce(sent, "zstd"), read(sent.size()));
    }

    @Test
    void groupOfTwoRebalancesWhenAThirdJoinsAndWhenOneIsKilled() throws Exception {
        produce(numbered(0, 60), "none");
        try (Group members = new Group(broker.bootstrap(), group, topic)) {
            Group.Process first = members.join();
            members.join();
            members.untilShared(PARTITIONS);
            members.untilRead(values(0, 60));
            members.join();
            members.untilShared(PARTITIONS);
            produce(numbered(60, 60), "none");
            members.untilRead(values(60, 60));
            members.kill(first);
            members.untilShared(PARTITIONS);
            produce(numbered(120, 60), "none");
            members.untilRead(values(120, 60));
        }
    }

    @Test
    void clientResumesExactlyAtItsCommit() throws Exception {
        assertResumes(() -> {});
    }

    @Test
    void clientResumesExactlyAtItsCommitAfterABrokerRestart() throws Exception {
        assumeTrue(Broker.canRestart());
        assertResumes(broker::restart);
    }

    @Test
    void idempotentProducerGoesOnAcrossABrokerRestart() throws Exception {
        assumeTrue(Broker.canRestart());
        List<ProducerRecord<byte[], byte[]>> sent = numbered(0, 600);
        List<RecordMetadata> positions = new ArrayList<>();
        try (var producer = producer("none")) {
            positions.addAll(send(producer, sent.subList(0, 300)));
            broker.restart();
            positions.addAll(send(producer, sent.subList(300, 600)));
        }
        assertSame(sent, positions, read(sent.size()));
    }

    // What the stories are made of.

    private interface Step {
        void run() throws IOException;
    }

    /** Reads and commits a part, stops, and gets exactly the rest. */
    private void assertResumes(Step between) throws Exception {
        produce(numbered(0, 200), "none");
        List<String> before = readInGroup(80, true);
        List<String> uncommitted = readInGroup(30, false);
        between.run();
        List<String> after = readInGroup(200 - before.size(), false);
        assertEquals(200, before.size() + after.size());
        assertEquals(values(0, 200), Stream.concat(before.stream(), after.stream()).collect(Collectors.toSet()));
        assertTrue(after.containsAll(uncommitted));
    }

    private List<String> readInGroup(int enough, boolean commit) {
        List<String> values = new ArrayList<>();
        try (var consumer = new KafkaConsumer<byte[], byte[]>(Settings.member(broker.bootstrap(), group))) {
            consumer.subscribe(List.of(topic));
            Wait.until(
                    () -> {
                        consumer.poll(Duration.ofMillis(200)).forEach(one -> values.add(text(one.value())));
                        return values.size() >= enough;
                    },
                    () -> enough + " records; came: " + values.size());
            if (commit) {
                consumer.commitSync();
            }
        }
        return values;
    }

    private KafkaProducer<byte[], byte[]> producer(String codec) {
        return new KafkaProducer<>(Settings.producer(broker.bootstrap(), codec));
    }

    private List<RecordMetadata> produce(List<ProducerRecord<byte[], byte[]>> records, String codec)
            throws ExecutionException, InterruptedException {
        try (var producer = producer(codec)) {
            return send(producer, records);
        }
    }

    private static List<RecordMetadata> send(
            KafkaProducer<byte[], byte[]> producer, List<ProducerRecord<byte[], byte[]>> records)
            throws ExecutionException, InterruptedException {
        List<Future<RecordMetadata>> sent = records.stream().map(producer::send).toList();
        List<RecordMetadata> positions = new ArrayList<>();
        for (Future<RecordMetadata> one : sent) {
            positions.add(one.get());
        }
        return positions;
    }

    private List<ConsumerRecord<byte[], byte[]>> read(int count) {
        List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
        try (var consumer = new KafkaConsumer<byte[], byte[]>(Settings.consumer(broker.bootstrap()))) {
            consumer.assign(consumer.partitionsFor(topic).stream().map(ClientsTest::partition).toList());
            Wait.until(
                    () -> {
                        consumer.poll(Duration.ofMillis(200)).forEach(found::add);
                        return found.size() >= count;
                    },
                    () -> count + " records; came: " + found.size());
        }
        return found;
    }

    private static TopicPartition partition(PartitionInfo info) {
        return new TopicPartition(info.topic(), info.partition());
    }

    /** Everything came back, equal, at the acknowledged positions, which grow in the order of sending. */
    private static void assertSame(
            List<ProducerRecord<byte[], byte[]>> sent,
            List<RecordMetadata> positions,
            List<ConsumerRecord<byte[], byte[]>> read) {
        assertEquals(sent.size(), read.size());
        Map<String, ConsumerRecord<byte[], byte[]>> found = new HashMap<>();
        read.forEach(one -> found.put(one.partition() + "/" + one.offset(), one));
        assertEquals(sent.size(), found.size());
        Map<Integer, Long> next = new HashMap<>();
        for (int at = 0; at < sent.size(); at++) {
            RecordMetadata position = positions.get(at);
            assertEquals(next.getOrDefault(position.partition(), 0L), position.offset());
            next.put(position.partition(), position.offset() + 1);
            assertEqual(sent.get(at), found.get(position.partition() + "/" + position.offset()));
        }
    }

    private static void assertEqual(ProducerRecord<byte[], byte[]> sent, ConsumerRecord<byte[], byte[]> read) {
        assertArrayEquals(sent.key(), read.key());
        assertArrayEquals(sent.value(), read.value());
        assertEquals(sent.headers(), read.headers());
    }

    // Records.

    private ProducerRecord<byte[], byte[]> record(byte[] key, byte[] value) {
        return new ProducerRecord<>(topic, key, value);
    }

    /** Keys, headers and values of every kind: absent, empty, binary, short and long. */
    private List<ProducerRecord<byte[], byte[]>> varied(int count) {
        Random random = new Random(20261121);
        return IntStream.range(0, count).mapToObj(number -> varied(random, number)).toList();
    }

    private ProducerRecord<byte[], byte[]> varied(Random random, int number) {
        byte[] key = number % 7 == 0 ? null : bytes(number % 7 == 1 ? "" : "key-" + number % 23);
        byte[] value = new byte[new int[] {0, 1, 17, 100, 1_000, 9_000}[random.nextInt(6)]];
        random.nextBytes(value);
        var record = record(key, number % 31 == 5 ? null : value);
        record.headers().add("number", bytes("" + number));
        if (number % 3 == 0) {
            record.headers().add("twice", bytes("1")).add("twice", bytes("2")).add("empty", bytes("")).add("null", null);
        }
        return record;
    }

    private List<ProducerRecord<byte[], byte[]>> numbered(int first, int count) {
        return IntStream.range(first, first + count)
                .mapToObj(number -> record(bytes("key-" + number), bytes("" + number)))
                .toList();
    }

    private static Set<String> values(int first, int count) {
        return IntStream.range(first, first + count).mapToObj(String::valueOf).collect(Collectors.toCollection(HashSet::new));
    }

    /** Real JSON documents where they are at hand, made ones elsewhere. */
    private static List<byte[]> jsonLines() throws IOException {
        Path real = Path.of("../../../shared/data/twitter_statuses.ndjson");
        if (Files.exists(real)) {
            return Files.readAllLines(real).stream().map(ClientsTest::bytes).toList();
        }
        return IntStream.range(0, 500)
                .mapToObj(number -> bytes("{\"order\": " + number + ", \"name\": \"Žofie „naïve“ 織機\"}"))
                .toList();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
