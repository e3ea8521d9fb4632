package creel.own;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import kafka.network.SocketServer;
import kafka.server.KafkaBroker;
import kafka.server.KafkaConfig;
import org.apache.kafka.coordinator.group.GroupCoordinator;
import org.apache.kafka.metadata.BrokerState;
import org.mockito.Mockito;

/**
 * creel, where a test expects Kafka's broker object: what a client could find out as well is answered (the address, the
 * settings, the metadata). Whatever else is asked of it ends the test as one that needs Kafka's internals.
 */
final class BrokerView implements InvocationHandler {
    private final CreelCluster cluster;

    private BrokerView(CreelCluster cluster) {
        this.cluster = cluster;
    }

    static KafkaBroker of(CreelCluster cluster) {
        Class<?>[] types = {KafkaBroker.class};
        return (KafkaBroker) Proxy.newProxyInstance(KafkaBroker.class.getClassLoader(), types, new BrokerView(cluster));
    }

    @Override
    public Object invoke(Object self, Method method, Object[] arguments) {
        switch (method.getName()) {
            case "config":
                return new KafkaConfig(ServerProperties.ofKafkaConfig(cluster.properties()), false);
            case "clusterId":
                return cluster.clusterId();
            case "boundPort":
                return cluster.port();
            case "metadataCache":
                return cluster.metadata();
            case "socketServer":
                return socketServer();
            case "groupCoordinator":
                return groupCoordinator();
            case "isShutdown":
                return !cluster.isRunning();
            case "brokerState":
                return cluster.isRunning() ? BrokerState.RUNNING : BrokerState.NOT_RUNNING;
            case "shutdown":
                cluster.shutdownBroker(ServerProperties.BROKER_ID);
                return null;
            case "startup":
                cluster.startBroker(ServerProperties.BROKER_ID);
                return null;
            case "awaitShutdown":
                return null;
            case "hashCode":
                return System.identityHashCode(self);
            case "equals":
                return self == arguments[0];
            case "toString":
                return "creel on port " + cluster.port();
            default:
                throw Needs.internals("KafkaBroker." + method.getName());
        }
    }

    private SocketServer socketServer() {
        return Mockito.mock(SocketServer.class, call -> {
            switch (call.getMethod().getName()) {
                case "boundPort":
                    return cluster.port();
                case "toString":
                    return "creel on port " + cluster.port();
                default:
                    throw Needs.internals("SocketServer." + call.getMethod().getName());
            }
        });
    }

    /** Tests make the topic of offsets with its settings. */
    private GroupCoordinator groupCoordinator() {
        Class<?>[] types = {GroupCoordinator.class};
        InvocationHandler handler = (self, method, arguments) -> {
            if (method.getName().equals("groupMetadataTopicConfigs")) {
                java.util.Properties settings = new java.util.Properties();
                settings.setProperty("cleanup.policy", "compact");
                return settings;
            }
            throw Needs.internals("GroupCoordinator." + method.getName());
        };
        return (GroupCoordinator) Proxy.newProxyInstance(GroupCoordinator.class.getClassLoader(), types, handler);
    }
}
