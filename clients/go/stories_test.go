// Package clients: what every client is asked to do (see clients/python/stories.py), done by Go's.
package clients

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
)

type producer interface {
	send(topic string, records []record) error
	close() error
}

type joined interface {
	commit(records []record) error
	close() error
}

// told is what a member tells; with `commits` it commits what it reads by itself.
type told struct {
	assigned func(partitions []int32)
	read     func(one record)
	commits  bool
}

type adapter interface {
	producer(bootstrap, codec string, idempotent bool) (producer, error)
	join(bootstrap, group, topic string, told told) (joined, error)
}

var adapters = map[string]adapter{"franz-go": franz{}, "sarama": saramaClient{}}

type suite struct {
	adapter
	name   string
	broker *broker
}

func TestStories(t *testing.T) {
	broker := startBroker(t)
	for _, name := range []string{"franz-go", "sarama"} {
		s := suite{adapters[name], name, broker}
		t.Run(name, func(t *testing.T) {
			for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
				t.Run("records come back equal and in order: "+codec, func(t *testing.T) {
					s.assertComesBack(t, varied(700), codec, false)
				})
			}
			for _, codec := range []string{"uncompressed", "gzip", "snappy", "lz4", "zstd"} {
				t.Run("records come back from a topic with a codec of its own: "+codec, func(t *testing.T) {
					topic, sent := unique(s.name), varied(700)
					createTopic(t, broker.bootstrap, topic, map[string]string{"compression.type": codec})
					s.produce(t, topic, sent[:400], "none", false)
					other := map[string]string{"gzip": "lz4"}[codec]
					s.produce(t, topic, sent[400:], cmp.Or(other, "gzip"), true)
					assertSame(t, sent, s.read(t, topic, len(sent)))
				})
			}
			t.Run("JSON values come back", func(t *testing.T) { assertJSON(t, s.assertComesBack(t, jsonRecords(t), "zstd", false)) })
			t.Run("idempotent producer writes once", func(t *testing.T) { s.assertComesBack(t, numbered(0, 3_000), "none", true) })
			t.Run("idempotent producer across a restart", s.idempotentAcrossRestart)
			t.Run("group rebalances", s.groupRebalances)
			t.Run("resumes at its commit", func(t *testing.T) { s.assertResumes(t, func() {}) })
			t.Run("resumes at its commit after a restart", func(t *testing.T) {
				s.assertResumes(t, func() { broker.restart(t) })
			})
		})
	}
}

func (s suite) idempotentAcrossRestart(t *testing.T) {
	topic, sent := unique(s.name), numbered(0, 600)
	producer, err := s.producer(s.broker.bootstrap, "none", true)
	must(t, err)
	must(t, producer.send(topic, sent[:300]))
	s.broker.restart(t)
	must(t, producer.send(topic, sent[300:]))
	must(t, producer.close())
	assertSame(t, sent, s.read(t, topic, len(sent)))
}

// groupRebalances: a group of two, when a third joins and when one is killed.
func (s suite) groupRebalances(t *testing.T) {
	topic := unique(s.name)
	s.produce(t, topic, numbered(0, 60), "none", false)
	members := &group{t: t, arguments: []string{s.name, s.broker.bootstrap, unique("group"), topic}}
	defer members.stop()
	first := members.join()
	members.join()
	members.untilShared()
	members.untilRead(numbered(0, 60))
	members.join()
	members.untilShared()
	s.produce(t, topic, numbered(60, 60), "none", false)
	members.untilRead(numbered(60, 60))
	members.kill(first)
	members.untilShared()
	s.produce(t, topic, numbered(120, 60), "none", false)
	members.untilRead(numbered(120, 60))
}

// assertResumes reads and commits a part, stops, and gets exactly the rest: nothing twice, nothing left out.
func (s suite) assertResumes(t *testing.T, between func()) {
	t.Helper()
	topic, group, sent := unique(s.name), unique("group"), numbered(0, 200)
	s.produce(t, topic, sent, "none", false)
	before := s.readInGroup(t, topic, group, 80, true)
	// Read, but not committed: these have to come again.
	uncommitted := s.readInGroup(t, topic, group, 30, false)
	between()
	rest := s.readInGroup(t, topic, group, len(sent)-len(before), false)
	found := values(append(before, rest...))
	slices.SortFunc(found, func(a, b string) int { return number(a) - number(b) })
	if !slices.Equal(found, values(sent)) {
		t.Fatalf("not exactly what was sent: %v", found)
	}
	for _, value := range values(uncommitted) {
		if !slices.Contains(values(rest), value) {
			t.Fatalf("%s was read without a commit, and did not come again", value)
		}
	}
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return value
}

// assertComesBack sends one record more to each partition at the end: whatever was written twice lies before it.
func (s suite) assertComesBack(t *testing.T, records []record, codec string, idempotent bool) []record {
	t.Helper()
	topic := unique(s.name)
	s.produce(t, topic, records, codec, idempotent)
	var ends []record
	for _, partition := range partitions {
		ends = append(ends, record{partition: partition, value: []byte("{}")})
	}
	s.produce(t, topic, ends, "none", false)
	sent := append(slices.Clone(records), ends...)
	read := s.read(t, topic, len(sent))
	assertSame(t, sent, read)
	return read
}

func (s suite) produce(t *testing.T, topic string, records []record, codec string, idempotent bool) {
	t.Helper()
	producer, err := s.producer(s.broker.bootstrap, codec, idempotent)
	must(t, err)
	must(t, producer.send(topic, records))
	must(t, producer.close())
}

func (s suite) read(t *testing.T, topic string, count int) []record {
	t.Helper()
	return s.readInGroup(t, topic, unique("reader"), count, false)
}

func (s suite) readInGroup(t *testing.T, topic, group string, enough int, commit bool) []record {
	t.Helper()
	var lock sync.Mutex
	var records []record
	member, err := s.join(s.broker.bootstrap, group, topic, told{
		assigned: func([]int32) {},
		read: func(one record) {
			lock.Lock()
			defer lock.Unlock()
			if len(records) < enough {
				records = append(records, one)
			}
		},
	})
	must(t, err)
	came := func() int {
		lock.Lock()
		defer lock.Unlock()
		return len(records)
	}
	until(t, func() bool { return came() >= enough }, func() string { return fmt.Sprintf("%d records; came: %d", enough, came()) })
	if commit {
		must(t, member.commit(records))
	}
	must(t, member.close())
	return records
}
