package clients

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
)

// said is one line of a member's story.
type said struct {
	Assigned []int32
	Read     *string
}

// member is a process of its own, so that SIGKILL kills a real client, and what it has said so far.
type member struct {
	process *exec.Cmd
	lock    sync.Mutex
	owned   []int32
	read    map[string]bool
}

// group looks at the members together.
type group struct {
	t         *testing.T
	arguments []string
	members   []*member
}

// memberArguments is where the test binary finds, in a member's process, what to join.
const memberArguments = "CREEL_TEST_MEMBER"

// TestMain turns the test binary into a group member where it was started as one.
func TestMain(m *testing.M) {
	if told := os.Getenv(memberArguments); told != "" {
		var arguments []string
		if err := json.Unmarshal([]byte(told), &arguments); err != nil {
			panic(err)
		}
		beMember(arguments[0], arguments[1], arguments[2], arguments[3])
	}
	os.Exit(m.Run())
}

// beMember reads and commits until it is killed.
func beMember(name, bootstrap, group, topic string) {
	var lock sync.Mutex
	say := func(one said) {
		lock.Lock()
		defer lock.Unlock()
		_ = json.NewEncoder(os.Stdout).Encode(one)
	}
	joined, err := adapters[name].join(bootstrap, group, topic, told{
		assigned: func(partitions []int32) { say(said{Assigned: append([]int32{}, partitions...)}) },
		read: func(one record) {
			value := string(one.value)
			say(said{Read: &value})
		},
		commits: true,
	})
	if err != nil {
		panic(err)
	}
	_ = joined
	select {}
}

func (g *group) join() *member {
	g.t.Helper()
	arguments, err := json.Marshal(g.arguments)
	must(g.t, err)
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), memberArguments+"="+string(arguments))
	process.Stderr = os.Stderr
	output, err := process.StdoutPipe()
	must(g.t, err)
	must(g.t, process.Start())
	one := &member{process: process, read: map[string]bool{}}
	go one.listen(bufio.NewScanner(output))
	g.members = append(g.members, one)
	return one
}

func (m *member) listen(lines *bufio.Scanner) {
	for lines.Scan() {
		var line said
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			continue
		}
		m.lock.Lock()
		if line.Read != nil {
			m.read[*line.Read] = true
		} else {
			m.owned = line.Assigned
		}
		m.lock.Unlock()
	}
}

// kill is SIGKILL: the member has no chance to leave.
func (g *group) kill(one *member) {
	g.members = slices.DeleteFunc(g.members, func(other *member) bool { return other == one })
	_ = one.process.Process.Kill()
	_ = one.process.Wait()
}

func (g *group) stop() {
	for len(g.members) > 0 {
		g.kill(g.members[0])
	}
}

// untilShared: every partition has exactly one owner, and every member owns something.
func (g *group) untilShared() {
	g.t.Helper()
	until(g.t, func() bool {
		var all []int32
		for _, one := range g.members {
			one.lock.Lock()
			owned := one.owned
			one.lock.Unlock()
			if len(owned) == 0 {
				return false
			}
			all = append(all, owned...)
		}
		slices.Sort(all)
		return slices.Equal(all, partitions)
	}, func() string { return "an assignment of every partition among" + g.String() })
}

// untilRead: together they have read all of these values.
func (g *group) untilRead(records []record) {
	g.t.Helper()
	missing := func() []string {
		return slices.DeleteFunc(values(records), func(value string) bool {
			return slices.ContainsFunc(g.members, func(one *member) bool {
				one.lock.Lock()
				defer one.lock.Unlock()
				return one.read[value]
			})
		})
	}
	until(g.t, func() bool { return len(missing()) == 0 }, func() string { return fmt.Sprint(missing(), " among", g) })
}

func (g *group) String() string {
	text := ""
	for _, one := range g.members {
		one.lock.Lock()
		text += fmt.Sprintf(" [%v, %d values]", one.owned, len(one.read))
		one.lock.Unlock()
	}
	return text
}
