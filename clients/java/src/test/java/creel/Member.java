package creel;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;

/** One group member as a process of its own: BOOTSTRAP GROUP TOPIC, until it is killed. Commits after each poll. */
public final class Member {
    private Member() {}

    public static void main(String[] arguments) {
        try (var consumer = new KafkaConsumer<byte[], byte[]>(Settings.member(arguments[0], arguments[1]))) {
            consumer.subscribe(List.of(arguments[2]));
            Set<Integer> told = Set.of();
            while (true) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(200));
                for (ConsumerRecord<byte[], byte[]> record : records) {
                    System.out.println("read " + new String(record.value()));
                }
                if (!records.isEmpty()) {
                    consumer.commitSync();
                }
                told = tell(consumer, told);
            }
        }
    }

    private static Set<Integer> tell(KafkaConsumer<byte[], byte[]> consumer, Set<Integer> told) {
        Set<Integer> assigned = new TreeSet<>();
        consumer.assignment().forEach(partition -> assigned.add(partition.partition()));
        if (!assigned.equals(told)) {
            StringBuilder line = new StringBuilder("assigned");
            assigned.forEach(partition -> line.append(' ').append(partition));
            System.out.println(line);
        }
        return assigned;
    }
}
