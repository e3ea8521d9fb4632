package creel.own;

import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.metadata.FeatureLevelRecord;
import org.apache.kafka.common.metadata.PartitionRecord;
import org.apache.kafka.common.metadata.RegisterBrokerRecord;
import org.apache.kafka.common.metadata.TopicRecord;
import org.apache.kafka.common.requests.MetadataRequest;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.image.MetadataDelta;
import org.apache.kafka.image.MetadataImage;
import org.apache.kafka.image.MetadataProvenance;
import org.apache.kafka.metadata.KRaftMetadataCache;
import org.apache.kafka.server.common.KRaftVersion;
import org.apache.kafka.server.common.MetadataVersion;

/** Kafka's own view of a cluster's metadata, made from what creel answers to Metadata at this moment. */
final class MetadataView {
    private MetadataView() {}

    static KRaftMetadataCache now(int port, String listener) {
        short version = MetadataRequest.Builder.allTopics().latestAllowedVersion();
        MetadataResponse answer = Ask.ask(port, MetadataRequest.Builder.allTopics().build(version));
        MetadataDelta delta = new MetadataDelta.Builder().setImage(MetadataImage.EMPTY).build();
        delta.replay(new FeatureLevelRecord()
                .setName(MetadataVersion.FEATURE_NAME)
                .setFeatureLevel(MetadataVersion.latestProduction().featureLevel()));
        answer.data().brokers().forEach(broker -> delta.replay(registration(broker, listener)));
        answer.data().topics().forEach(topic -> replay(delta, topic));
        KRaftMetadataCache cache =
                new KRaftMetadataCache(ServerProperties.BROKER_ID, () -> KRaftVersion.LATEST_PRODUCTION);
        cache.setImage(delta.apply(MetadataProvenance.EMPTY));
        return cache;
    }

    private static RegisterBrokerRecord registration(MetadataResponseData.MetadataResponseBroker broker, String listener) {
        RegisterBrokerRecord.BrokerEndpointCollection endpoints = new RegisterBrokerRecord.BrokerEndpointCollection();
        endpoints.add(new RegisterBrokerRecord.BrokerEndpoint()
                .setName(listener)
                .setHost(broker.host())
                .setPort(broker.port())
                .setSecurityProtocol((short) 0));
        return new RegisterBrokerRecord()
                .setBrokerId(broker.nodeId())
                .setBrokerEpoch(1)
                .setIncarnationId(Uuid.ONE_UUID)
                .setEndPoints(endpoints)
                .setRack(broker.rack())
                .setFenced(false);
    }

    private static void replay(MetadataDelta delta, MetadataResponseData.MetadataResponseTopic topic) {
        delta.replay(new TopicRecord().setName(topic.name()).setTopicId(topic.topicId()));
        topic.partitions().forEach(partition -> delta.replay(new PartitionRecord()
                .setTopicId(topic.topicId())
                .setPartitionId(partition.partitionIndex())
                .setReplicas(partition.replicaNodes())
                .setIsr(partition.isrNodes())
                .setRemovingReplicas(List.of())
                .setAddingReplicas(List.of())
                .setLeader(partition.leaderId())
                .setLeaderEpoch(partition.leaderEpoch())
                .setPartitionEpoch(0)));
    }
}
