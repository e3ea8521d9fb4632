// Prints every setting of Kafka's broker, one JSON object a line: what clients/data/kafka-*-broker-settings.json holds.
//
//     java -cp 'clients/.tools/kafka/*' clients/kafka/BrokerSettings.java > clients/data/kafka-4.3.1-broker-settings.json

import java.util.Iterator;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.server.config.AbstractKafkaConfig;

public class BrokerSettings {
    public static void main(String[] arguments) {
        Iterator<ConfigDef.ConfigKey> keys = new TreeMap<>(AbstractKafkaConfig.CONFIG_DEF.configKeys()).values().iterator();
        System.out.println("[");
        while (keys.hasNext()) {
            ConfigDef.ConfigKey key = keys.next();
            System.out.printf("  {\"name\": %s, \"type\": %s, \"default\": %s, \"internal\": %s}%s%n", quoted(key.name),
                quoted(key.type.toString().toLowerCase()), standard(key), key.internalConfig, keys.hasNext() ? "," : "");
        }
        System.out.println("]");
    }

    /** The default; null where there is none, or it is null, or a password. */
    private static String standard(ConfigDef.ConfigKey key) {
        boolean isNone = !key.hasDefault() || key.defaultValue == null || key.type == ConfigDef.Type.PASSWORD;
        return isNone ? "null" : quoted(ConfigDef.convertToString(key.defaultValue, key.type));
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
