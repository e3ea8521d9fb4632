package creel.own;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.test.ClusterInstance;
import org.apache.kafka.common.test.api.ClusterConfig;

/**
 * Every test is given one broker, also those that ask for several, on Kafka as on creel, and its topics have one replica. Most
 * of them do not need more: a test needs several brokers only if it fails on a Kafka of one broker.
 */
public final class OneBroker {
    /** How many brokers hold the topics that the broker makes itself: with several, Kafka's defaults are more than one. */
    private static final List<String> REPLICAS_OF_INTERNAL_TOPICS = List.of(
            "offsets.topic.replication.factor",
            "share.coordinator.state.topic.min.isr",
            "share.coordinator.state.topic.replication.factor",
            "transaction.state.log.min.isr",
            "transaction.state.log.replication.factor");

    /** The same of other topics, if the test sets it. */
    private static final Set<String> REPLICAS_OF_TOPICS = Set.of("default.replication.factor", "min.insync.replicas");

    private OneBroker() {}

    /** The same with one broker and one controller, and with one replica of each topic that the broker makes itself. */
    static ClusterConfig of(ClusterConfig asked) {
        if (asked.numBrokers() <= 1 && asked.numControllers() <= 1) {
            return asked;
        }
        Map<String, String> properties = new HashMap<>(asked.serverProperties());
        properties.replaceAll((name, value) -> REPLICAS_OF_TOPICS.contains(name) ? "1" : value);
        REPLICAS_OF_INTERNAL_TOPICS.forEach(name -> properties.put(name, "1"));
        Map<Integer, Map<String, String>> ofServers = new HashMap<>(asked.perServerOverrideProperties());
        ofServers.keySet().removeIf(id -> id != ServerProperties.BROKER_ID);
        return ClusterConfig.builder(asked)
                .setBrokers(Math.min(1, asked.numBrokers()))
                .setControllers(Math.min(1, asked.numControllers()))
                .setServerProperties(properties)
                .setPerServerProperties(ofServers)
                .build();
    }

    /** A topic as a test asks for it, with one replica. What Kafka's own class does not ask after is no error here either. */
    static void createTopic(ClusterInstance cluster, String topic, int partitions, Map<String, String> settings)
            throws InterruptedException {
        try (Admin admin = cluster.admin()) {
            admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(settings))).all().get();
        } catch (ExecutionException error) {
            if (!(error.getCause() instanceof TopicExistsException)) {
                throw new AssertionError("the topic " + topic + " could not be created", error.getCause());
            }
        }
        cluster.waitTopicCreation(topic, partitions);
    }

    /** Kafka's own cluster, with topics of one replica. */
    @SuppressWarnings("unchecked")
    public static ClusterInstance wrap(ClusterInstance kafka) {
        InvocationHandler handler = (self, method, arguments) -> {
            if (method.getName().equals("createTopic")) {
                Map<String, String> settings = arguments.length > 3 ? (Map<String, String>) arguments[3] : Map.of();
                createTopic(kafka, (String) arguments[0], (Integer) arguments[1], settings);
                return null;
            }
            if (method.getName().equals("createTopicWithAssignment")) {
                createTopic(kafka, (String) arguments[0], ((Map<?, ?>) arguments[1]).size(), Map.of());
                return null;
            }
            try {
                return method.invoke(kafka, arguments);
            } catch (InvocationTargetException error) {
                throw error.getCause();
            }
        };
        Class<?>[] types = {ClusterInstance.class};
        return (ClusterInstance) Proxy.newProxyInstance(ClusterInstance.class.getClassLoader(), types, handler);
    }
}
