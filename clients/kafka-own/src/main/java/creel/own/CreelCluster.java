package creel.own;

import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import kafka.server.ControllerServer;
import kafka.server.KafkaBroker;
import org.apache.kafka.clients.consumer.GroupProtocol;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.network.ListenerName;
import org.apache.kafka.common.test.ClusterInstance;
import org.apache.kafka.common.test.api.ClusterConfig;
import org.apache.kafka.common.test.api.Type;
import org.apache.kafka.metadata.KRaftMetadataCache;
import org.apache.kafka.server.authorizer.Authorizer;
import org.apache.kafka.server.fault.FaultHandlerException;
import org.apache.kafka.test.TestUtils;

/** The cluster that a test is given: one creel. */
public final class CreelCluster implements ClusterInstance {
    private final ClusterConfig config;
    private final String clusterId = Uuid.randomUuid().toString();
    private BrokerProcess process;
    private boolean wasStopped;

    public CreelCluster(ClusterConfig config) {
        this.config = config;
    }

    /** Leaves the test out if one broker cannot be what it needs. */
    public void checkNeeds() {
        ServerProperties.checkNeeds(config);
    }

    /** After the test: nothing of it stays. */
    public void end() {
        wasStopped = true;
        if (process != null) {
            process.end();
            process = null;
        }
    }

    int port() {
        return process().port();
    }

    Map<String, String> properties() {
        return ServerProperties.ofCreel(config, process(), clusterId);
    }

    boolean isRunning() {
        return process != null && process.isRunning();
    }

    KRaftMetadataCache metadata() {
        return MetadataView.now(port(), config.brokerListenerName().value());
    }

    private BrokerProcess process() {
        if (process == null) {
            process = BrokerProcess.prepare();
        }
        return process;
    }

    @Override
    public void start() {
        if (!isRunning()) {
            process().start(properties());
        }
    }

    @Override
    public boolean started() {
        return process != null;
    }

    @Override
    public void stop() {
        end();
    }

    @Override
    public boolean stopped() {
        return wasStopped;
    }

    @Override
    public void shutdownBroker(int id) {
        check(id);
        process().stop();
    }

    @Override
    public void startBroker(int id) {
        check(id);
        process().start(properties());
    }

    private static void check(int id) {
        if (id != ServerProperties.BROKER_ID) {
            throw Needs.needs("broker " + id);
        }
    }

    @Override
    public Type type() {
        return Type.CO_KRAFT;
    }

    @Override
    public ClusterConfig config() {
        return config;
    }

    @Override
    public Map<Integer, KafkaBroker> brokers() {
        return Map.of(ServerProperties.BROKER_ID, BrokerView.of(this));
    }

    /** A topic is made when creel has answered. So nobody needs to wait for controllers, and there are none. */
    @Override
    public Map<Integer, ControllerServer> controllers() {
        return Map.of();
    }

    @Override
    public Set<Integer> brokerIds() {
        return Set.of(ServerProperties.BROKER_ID);
    }

    @Override
    public Set<Integer> controllerIds() {
        return Set.of(ServerProperties.BROKER_ID);
    }

    @Override
    public ListenerName clientListener() {
        return config.brokerListenerName();
    }

    @Override
    public ListenerName controllerListenerName() {
        throw Needs.needs("a controller to connect to");
    }

    @Override
    public String bootstrapServers() {
        return "localhost:" + port();
    }

    @Override
    public String bootstrapControllers() {
        throw Needs.needs("a controller to connect to");
    }

    @Override
    public List<Integer> controllerBoundPorts() {
        throw Needs.needs("a controller to connect to");
    }

    @Override
    public List<Integer> brokerBoundPorts() {
        return List.of(port());
    }

    @Override
    public String clusterId() {
        return clusterId;
    }

    /** Tests ask, and leave out the new protocol where it is not there. */
    @Override
    public Set<GroupProtocol> supportedGroupProtocols() {
        return Set.of(GroupProtocol.CLASSIC);
    }

    @Override
    public Optional<FaultHandlerException> firstFatalException() {
        return Optional.empty();
    }

    @Override
    public Optional<FaultHandlerException> firstNonFatalException() {
        return Optional.empty();
    }

    @Override
    public void waitForReadyBrokers() {
        // start() has waited.
    }

    @Override
    public void createTopic(String topic, int partitions, short replicas, Map<String, String> settings)
            throws InterruptedException {
        OneBroker.createTopic(this, topic, partitions, settings);
    }

    @Override
    public void createTopicWithAssignment(String topic, Map<Integer, List<Integer>> assignment) throws InterruptedException {
        OneBroker.createTopic(this, topic, assignment.size(), Map.of());
    }

    /** Gone for clients, and its first partition's directory gone by its name. */
    @Override
    public void waitTopicDeletion(String topic) throws InterruptedException {
        TestUtils.waitForCondition(() -> metadata().numPartitions(topic).isEmpty(), topic + " is still there");
        TestUtils.waitForCondition(
                () -> Files.notExists(process().dataDirectory().resolve(topic + "-0")),
                "the directory of " + topic + " is still there");
    }

    @Override
    public List<Authorizer> authorizers() {
        throw Needs.feature("ACLs");
    }
}
