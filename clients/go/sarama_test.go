package clients

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
)

// saramaClient is IBM's sarama: pure Go, with all of Kafka's codecs.
type saramaClient struct{}

var saramaCodecs = map[string]sarama.CompressionCodec{
	"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy,
	"lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
}

func saramaConfig() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.V4_0_0_0
	return config
}

// createTopic makes a topic with settings of its own, for whichever client.
func createTopic(t *testing.T, bootstrap, topic string, settings map[string]string) {
	t.Helper()
	admin, err := sarama.NewClusterAdmin([]string{bootstrap}, saramaConfig())
	must(t, err)
	entries := map[string]*string{}
	for name, value := range settings {
		entries[name] = &value
	}
	detail := &sarama.TopicDetail{NumPartitions: int32(len(partitions)), ReplicationFactor: 1, ConfigEntries: entries}
	must(t, admin.CreateTopic(topic, detail, false))
	must(t, admin.Close())
}

type saramaProducer struct{ sarama.SyncProducer }

func (saramaClient) producer(bootstrap, codec string, idempotent bool) (producer, error) {
	config := saramaConfig()
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Return.Successes = true
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Producer.Compression = saramaCodecs[codec]
	config.Producer.Idempotent = idempotent
	// More than one in flight may change the order after a retry.
	config.Net.MaxOpenRequests = 1
	made, err := sarama.NewSyncProducer([]string{bootstrap}, config)
	return saramaProducer{made}, err
}

func (p saramaProducer) send(topic string, records []record) error {
	var all []*sarama.ProducerMessage
	for _, one := range records {
		made := &sarama.ProducerMessage{Topic: topic, Partition: one.partition}
		if one.key != nil {
			made.Key = sarama.ByteEncoder(one.key)
		}
		if one.value != nil {
			made.Value = sarama.ByteEncoder(one.value)
		}
		for _, h := range one.headers {
			made.Headers = append(made.Headers, sarama.RecordHeader{Key: []byte(h.name), Value: h.value})
		}
		all = append(all, made)
	}
	return p.SendMessages(all)
}

func (p saramaProducer) close() error { return p.Close() }

type saramaMember struct {
	group   sarama.ConsumerGroup
	topic   string
	told    told
	stop    context.CancelFunc
	done    sync.WaitGroup
	lock    sync.Mutex
	session sarama.ConsumerGroupSession
}

func (saramaClient) join(bootstrap, group, topic string, told told) (joined, error) {
	config := saramaConfig()
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.Group.Session.Timeout = 6 * time.Second
	config.Consumer.Group.Heartbeat.Interval = 500 * time.Millisecond
	config.Consumer.MaxWaitTime = 200 * time.Millisecond
	made, err := sarama.NewConsumerGroup([]string{bootstrap}, group, config)
	if err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(context.Background())
	member := &saramaMember{group: made, topic: topic, told: told, stop: stop}
	member.done.Go(func() {
		for running.Err() == nil {
			// It ends with each rebalance, and is to be called again.
			_ = made.Consume(running, []string{topic}, member)
		}
	})
	return member, nil
}

// Setup is called at the begin of a session.
func (m *saramaMember) Setup(session sarama.ConsumerGroupSession) error {
	m.lock.Lock()
	m.session = session
	m.lock.Unlock()
	m.told.assigned(session.Claims()[m.topic])
	return nil
}

// Cleanup is called at the end of a session.
func (m *saramaMember) Cleanup(sarama.ConsumerGroupSession) error {
	m.told.assigned(nil)
	return nil
}

// ConsumeClaim reads one partition until the session ends.
func (m *saramaMember) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		read := record{partition: message.Partition, offset: message.Offset, key: message.Key, value: message.Value}
		for _, h := range message.Headers {
			read.headers = append(read.headers, header{string(h.Key), h.Value})
		}
		m.told.read(read)
		if m.told.commits {
			session.MarkMessage(message, "")
			session.Commit()
		}
	}
	return nil
}

func (m *saramaMember) commit(records []record) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	for _, one := range records {
		m.session.MarkOffset(m.topic, one.partition, one.offset+1, "")
	}
	m.session.Commit()
	return nil
}

func (m *saramaMember) close() error {
	m.stop()
	m.done.Wait()
	return m.group.Close()
}
