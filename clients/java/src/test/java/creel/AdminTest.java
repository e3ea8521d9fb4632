package creel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Topics through the Java admin client. */
class AdminTest {
    private static final short ONE_REPLICA = 1;

    private static Broker broker;
    private static Admin admin;

    private final String topic = "admin-" + UUID.randomUUID();

    @BeforeAll
    static void start() {
        broker = Broker.start();
        admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrap()));
    }

    @AfterAll
    static void stop() throws Exception {
        admin.close();
        broker.close();
    }

    @Test
    void createdTopicIsListedAndDescribed() throws Exception {
        create(new NewTopic(topic, 5, ONE_REPLICA));
        assertTrue(names().contains(topic));
        TopicDescription found = describe();
        assertEquals(IntStream.range(0, 5).boxed().toList(), partitions(found));
        assertNotEquals(Uuid.ZERO_UUID, found.topicId());
        assertFalse(found.isInternal());
        assertTrue(found.partitions().stream().allMatch(one -> one.leader() != null && one.isr().size() == 1));
    }

    @Test
    void defaultPartitionCountIsTheBrokersOwn() throws Exception {
        create(new NewTopic(topic, Optional.empty(), Optional.empty()));
        assertEquals(List.of(0, 1, 2), partitions(describe()));
    }

    @Test
    void topicIsDescribedByItsId() throws Exception {
        Uuid id = create(new NewTopic(topic, 1, ONE_REPLICA));
        TopicDescription found =
                admin.describeTopics(TopicCollection.ofTopicIds(Set.of(id))).allTopicIds().get().get(id);
        assertEquals(topic, found.name());
    }

    @Test
    void deletedTopicIsGoneAndItsNameIsFree() throws Exception {
        create(new NewTopic(topic, 2, ONE_REPLICA));
        Uuid first = describe().topicId();
        admin.deleteTopics(List.of(topic)).all().get();
        Wait.until(() -> !names().contains(topic), () -> topic + " is still listed");
        create(new NewTopic(topic, 4, ONE_REPLICA));
        assertEquals(4, describe().partitions().size());
        assertNotEquals(first, describe().topicId());
    }

    @Test
    void validatingOnlyCreatesNothing() throws Exception {
        var options = new CreateTopicsOptions().validateOnly(true);
        admin.createTopics(List.of(new NewTopic(topic, 2, ONE_REPLICA)), options).all().get();
        assertFalse(names().contains(topic));
    }

    @Test
    void eachTopicOfARequestHasItsOwnAnswer() throws Exception {
        create(new NewTopic(topic, 1, ONE_REPLICA));
        Map<String, KafkaFuture<Void>> answers = admin.createTopics(List.of(
                        new NewTopic(topic, 1, ONE_REPLICA),
                        new NewTopic(topic + "-none", 0, ONE_REPLICA),
                        new NewTopic("bad name!", 1, ONE_REPLICA),
                        new NewTopic(topic + "-good", 1, ONE_REPLICA)))
                .values();
        assertFailsWith(TopicExistsException.class, answers.get(topic));
        assertFailsWith(InvalidPartitionsException.class, answers.get(topic + "-none"));
        assertFailsWith(InvalidTopicException.class, answers.get("bad name!"));
        answers.get(topic + "-good").get();
    }

    @Test
    void unknownTopicCanBeNeitherDescribedNorDeleted() {
        KafkaFuture<?> described = admin.describeTopics(List.of(topic)).topicNameValues().get(topic);
        assertFailsWith(UnknownTopicOrPartitionException.class, described);
        KafkaFuture<?> deleted = admin.deleteTopics(List.of(topic)).topicNameValues().get(topic);
        assertFailsWith(UnknownTopicOrPartitionException.class, deleted);
    }

    /** Creates it. Here a created topic is usable at once; Apache Kafka needs a moment more after it has answered. */
    private static Uuid create(NewTopic topic) throws Exception {
        Uuid id = admin.createTopics(List.of(topic)).topicId(topic.name()).get();
        if (Broker.isKafka()) {
            Wait.until(() -> names().contains(topic.name()), () -> topic.name() + " is not listed");
        }
        return id;
    }

    private static void assertFailsWith(Class<? extends Throwable> kind, KafkaFuture<?> answer) {
        ExecutionException thrown = assertThrows(ExecutionException.class, answer::get);
        assertInstanceOf(kind, thrown.getCause());
    }

    private TopicDescription describe() throws Exception {
        return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
    }

    private static List<Integer> partitions(TopicDescription description) {
        return description.partitions().stream().map(TopicPartitionInfo::partition).toList();
    }

    private static Set<String> names() {
        try {
            return admin.listTopics().names().get();
        } catch (ExecutionException | InterruptedException error) {
            throw new AssertionError(error);
        }
    }
}
