package clients

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sort"
	"testing"
)

var partitions = []int32{0, 1, 2}

// record names its partition, so that the order within it is known.
type record struct {
	partition int32
	offset    int64
	key       []byte
	value     []byte
	headers   []header
}

type header struct {
	name  string
	value []byte
}

func unique(name string) string {
	return name + "-" + hex.EncodeToString(noise(4))
}

func noise(size int) []byte {
	bytes := make([]byte, size)
	_, _ = rand.Read(bytes)
	return bytes
}

// varied gives keys, headers and values of every kind: absent, empty, binary, short and long.
func varied(count int) []record {
	sizes := []int{0, 1, 17, 100, 1_000, 9_000}
	records := make([]record, count)
	for n := range records {
		size := sizes[n%len(sizes)]
		one := record{
			partition: int32(n % len(partitions)),
			value:     append(noise(size/2), bytes.Repeat([]byte("spool "), size/12)...),
			headers:   []header{{"number", fmt.Append(nil, n)}},
		}
		switch n % 7 {
		case 0:
		case 1:
			one.key = []byte{}
		default:
			one.key = fmt.Appendf(nil, "key-%d", n%23)
		}
		if n%31 == 5 {
			one.value = nil
		}
		if n%3 == 0 {
			one.headers = append(one.headers, header{"twice", []byte("1")}, header{"twice", []byte("2")}, header{"bytes", noise(256)})
		}
		records[n] = one
	}
	return records
}

// numbered gives small records whose values tell them apart.
func numbered(first, count int) []record {
	records := make([]record, count)
	for n := range records {
		value := first + n
		records[n] = record{
			partition: int32(n % len(partitions)),
			key:       fmt.Appendf(nil, "key-%d", value),
			value:     fmt.Append(nil, value),
		}
	}
	return records
}

func values(records []record) []string {
	found := make([]string, len(records))
	for n, one := range records {
		found[n] = string(one.value)
	}
	return found
}

// jsonRecords are real JSON documents where they are at hand, made ones elsewhere.
func jsonRecords(t *testing.T) []record {
	t.Helper()
	lines, err := os.ReadFile("../../../shared/data/twitter_statuses.ndjson")
	if errors.Is(err, fs.ErrNotExist) {
		for n := range 500 {
			lines = fmt.Appendf(lines, "{\"order\": %d, \"name\": \"Žofie „naïve“ 織機\"}\n", n)
		}
	} else {
		must(t, err)
	}
	var records []record
	for line := range bytes.Lines(lines) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			records = append(records, record{partition: int32(len(records) % len(partitions)), value: line})
		}
	}
	return records
}

// assertSame: everything came back, equal, in the order of sending within each partition, at offsets without gaps.
func assertSame(t *testing.T, sent, read []record) {
	t.Helper()
	if len(sent) != len(read) {
		t.Fatalf("sent %d records, read %d", len(sent), len(read))
	}
	next := map[int32]int64{}
	expected := byPartition(sent)
	for n, one := range byPartition(read) {
		if one.offset != next[one.partition] {
			t.Fatalf("partition %d: offset %d where %d was due", one.partition, one.offset, next[one.partition])
		}
		next[one.partition]++
		assertEqual(t, expected[n], one)
	}
}

func assertEqual(t *testing.T, sent, read record) {
	t.Helper()
	sent.offset = read.offset
	// Unlike reflect.DeepEqual this takes an empty list of headers for none, and unlike %s it tells nil from empty.
	if fmt.Sprintf("%d %#v %#v", sent.partition, sent.key, sent.value) != fmt.Sprintf("%d %#v %#v", read.partition, read.key, read.value) ||
		fmt.Sprint(sent.headers) != fmt.Sprint(read.headers) {
		t.Fatalf("partition %d, offset %d: sent %v, read %v", read.partition, read.offset, sent, read)
	}
}

func assertJSON(t *testing.T, records []record) {
	t.Helper()
	for _, one := range records {
		if !json.Valid(one.value) {
			t.Fatalf("not JSON: %q", one.value)
		}
	}
}

func byPartition(records []record) []record {
	sorted := append([]record(nil), records...)
	sort.SliceStable(sorted, func(a, b int) bool { return sorted[a].partition < sorted[b].partition })
	return sorted
}
