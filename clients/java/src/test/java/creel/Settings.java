package creel;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The clients' configuration. */
final class Settings {
    private Settings() {}

    /** What a producer cannot do without. */
    static Map<String, Object> producer(String bootstrap) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("key.serializer", ByteArraySerializer.class);
        settings.put("value.serializer", ByteArraySerializer.class);
        return settings;
    }

    static Map<String, Object> producer(String bootstrap, String codec) {
        Map<String, Object> settings = producer(bootstrap);
        settings.put("compression.type", codec);
        settings.put("acks", "all");
        settings.put("linger.ms", 5);
        return settings;
    }

    static Map<String, Object> consumer(String bootstrap) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("key.deserializer", ByteArrayDeserializer.class);
        settings.put("value.deserializer", ByteArrayDeserializer.class);
        settings.put("auto.offset.reset", "earliest");
        settings.put("enable.auto.commit", false);
        return settings;
    }

    static Map<String, Object> member(String bootstrap, String group) {
        Map<String, Object> settings = consumer(bootstrap);
        settings.put("group.id", group);
        settings.put("max.poll.records", 10);
        settings.put("session.timeout.ms", 6_000);
        settings.put("heartbeat.interval.ms", 500);
        return settings;
    }
}
