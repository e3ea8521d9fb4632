package clients

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// franz is franz-go: pure Go, with all of Kafka's codecs.
type franz struct{}

var franzCodecs = map[string]kgo.CompressionCodec{
	"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
	"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

type franzProducer struct{ client *kgo.Client }

func (franz) producer(bootstrap, codec string, idempotent bool) (producer, error) {
	options := []kgo.Opt{
		kgo.SeedBrokers(bootstrap),
		kgo.AllowAutoTopicCreation(),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(franzCodecs[codec]),
	}
	if !idempotent {
		options = append(options, kgo.DisableIdempotentWrite())
	}
	client, err := kgo.NewClient(options...)
	return franzProducer{client}, err
}

func (p franzProducer) send(topic string, records []record) error {
	var all []*kgo.Record
	for _, one := range records {
		made := &kgo.Record{Topic: topic, Partition: one.partition, Key: one.key, Value: one.value}
		for _, h := range one.headers {
			made.Headers = append(made.Headers, kgo.RecordHeader{Key: h.name, Value: h.value})
		}
		all = append(all, made)
	}
	return p.client.ProduceSync(context.Background(), all...).FirstErr()
}

func (p franzProducer) close() error {
	p.client.Close()
	return nil
}

type franzMember struct {
	client *kgo.Client
	topic  string
	done   sync.WaitGroup
}

func (franz) join(bootstrap, group, topic string, told told) (joined, error) {
	var lock sync.Mutex
	var owned []int32
	change := func(update func()) {
		lock.Lock()
		defer lock.Unlock()
		update()
		told.assigned(owned)
	}
	gone := func(_ context.Context, _ *kgo.Client, lost map[string][]int32) {
		change(func() {
			owned = slices.DeleteFunc(owned, func(one int32) bool { return slices.Contains(lost[topic], one) })
		})
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(bootstrap),
		kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		kgo.SessionTimeout(6*time.Second),
		kgo.HeartbeatInterval(500*time.Millisecond),
		kgo.FetchMaxWait(200*time.Millisecond),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, more map[string][]int32) {
			change(func() { owned = append(owned, more[topic]...) })
		}),
		kgo.OnPartitionsRevoked(gone),
		kgo.OnPartitionsLost(gone),
	)
	if err != nil {
		return nil, err
	}
	member := &franzMember{client: client, topic: topic}
	member.done.Go(func() { member.poll(told) })
	return member, nil
}

func (m *franzMember) poll(told told) {
	for {
		fetches := m.client.PollFetches(context.Background())
		if fetches.IsClientClosed() {
			return
		}
		fetches.EachRecord(func(one *kgo.Record) {
			read := record{partition: one.Partition, offset: one.Offset, key: one.Key, value: one.Value}
			for _, h := range one.Headers {
				read.headers = append(read.headers, header{h.Key, h.Value})
			}
			told.read(read)
		})
		if told.commits {
			// In the middle of a rebalance a commit is refused; the records come again.
			_ = m.client.CommitUncommittedOffsets(context.Background())
		}
	}
}

func (m *franzMember) commit(records []record) error {
	var all []*kgo.Record
	for _, one := range records {
		all = append(all, &kgo.Record{Topic: m.topic, Partition: one.partition, Offset: one.offset, LeaderEpoch: -1})
	}
	return m.client.CommitRecords(context.Background(), all...)
}

func (m *franzMember) close() error {
	m.client.Close()
	m.done.Wait()
	return nil
}
