package creel.own;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.common.test.api.ClusterConfig;

/** The properties of a test's one broker: what the test asks for, and what Kafka's own test kit adds to it. */
final class ServerProperties {
    /** The id that Kafka's test kit gives its first broker. */
    static final int BROKER_ID = 0;

    private static final String CONTROLLER = "CONTROLLER";

    private ServerProperties() {}

    /** What one creel cannot give the test. It is left out then. */
    static void checkNeeds(ClusterConfig config) {
        if (config.numBrokers() == 0) {
            throw Needs.needs("a controller without brokers");
        }
        if (config.numDisksPerBroker() > 1) {
            throw Needs.needs(config.numDisksPerBroker() + " data directories");
        }
        if (config.brokerSecurityProtocol() != SecurityProtocol.PLAINTEXT) {
            throw Needs.feature(config.brokerSecurityProtocol().name);
        }
        Map<String, String> properties = ofTest(config);
        REFUSED.forEach((name, feature) -> {
            if (!properties.getOrDefault(name, "").isEmpty()) {
                throw Needs.feature(feature);
            }
        });
        if (properties.getOrDefault("remote.log.storage.system.enable", "false").equals("true")) {
            throw Needs.feature("tiered storage");
        }
    }

    /** With any of these set, creel refuses to start and says that it lacks the feature. */
    private static final Map<String, String> REFUSED = Map.of(
            "authorizer.class.name", "ACLs",
            "client.quota.callback.class", "Java plug-ins",
            "create.topic.policy.class.name", "Java plug-ins",
            "alter.config.policy.class.name", "Java plug-ins",
            "principal.builder.class", "Java plug-ins");

    /** What the test asks for. */
    static Map<String, String> ofTest(ClusterConfig config) {
        Map<String, String> properties = new HashMap<>(config.serverProperties());
        properties.putAll(config.perServerOverrideProperties().getOrDefault(BROKER_ID, Map.of()));
        return properties;
    }

    /** All that creel is started with. */
    static Map<String, String> ofCreel(ClusterConfig config, BrokerProcess process, String clusterId) {
        String name = config.brokerListenerName().value();
        String address = name + "://localhost:" + process.port();
        Map<String, String> properties = ofTest(config);
        properties.put("node.id", Integer.toString(BROKER_ID));
        properties.put("cluster.id", clusterId);
        properties.put("log.dirs", process.dataDirectory().toString());
        properties.putIfAbsent("listeners", address);
        properties.putIfAbsent("advertised.listeners", properties.get("listeners"));
        properties.putIfAbsent("listener.security.protocol.map", name + ":PLAINTEXT," + CONTROLLER + ":PLAINTEXT");
        properties.putIfAbsent("controller.listener.names", CONTROLLER);
        // The tests' processes share few processors.
        properties.put("creel.pin", "false");
        return properties;
    }

    /** The same for Kafka's own class of settings, which tests ask what the broker was started with. */
    static Map<String, String> ofKafkaConfig(Map<String, String> ofCreel) {
        Map<String, String> properties = new HashMap<>(ofCreel);
        properties.keySet().removeIf(key -> key.startsWith("creel.") || NOT_KAFKAS.contains(key));
        String node = ofCreel.get("node.id");
        properties.put("process.roles", "broker,controller");
        properties.put("controller.quorum.voters", node + "@localhost:1");
        properties.put("listeners", ofCreel.get("listeners") + "," + CONTROLLER + "://localhost:1");
        String between = ofCreel.get("listeners").split("://")[0];
        properties.putIfAbsent("inter.broker.listener.name", between);
        return properties;
    }

    private static final Set<String> NOT_KAFKAS = Set.of("cluster.id");
}
