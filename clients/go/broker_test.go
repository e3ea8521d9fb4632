package clients

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// safetyNet is far above what a healthy run needs, and never the verdict.
const safetyNet = 2 * time.Minute

// broker is the one that all suites use: clients/python/serve.py starts, restarts and stops it.
type broker struct {
	bootstrap string
	input     io.WriteCloser
	output    *bufio.Scanner
}

func startBroker(t *testing.T) *broker {
	t.Helper()
	serve := exec.Command("python3", "../python/serve.py")
	serve.Stderr = os.Stderr
	input, err := serve.StdinPipe()
	must(t, err)
	output, err := serve.StdoutPipe()
	must(t, err)
	must(t, serve.Start())
	b := &broker{input: input, output: bufio.NewScanner(output)}
	t.Cleanup(func() {
		input.Close()
		if err := serve.Wait(); err != nil {
			t.Errorf("the broker did not stop cleanly: %v", err)
		}
	})
	b.untilReady(t)
	return b
}

// restart leaves the test out where the broker is not ours.
func (b *broker) restart(t *testing.T) {
	t.Helper()
	if os.Getenv("BOOTSTRAP") != "" {
		t.Skip("this broker was started by someone else")
	}
	_, err := io.WriteString(b.input, "restart\n")
	must(t, err)
	b.untilReady(t)
}

func (b *broker) untilReady(t *testing.T) {
	t.Helper()
	for b.output.Scan() {
		if ready, found := strings.CutPrefix(b.output.Text(), "ready "); found {
			b.bootstrap = ready
			return
		}
	}
	t.Fatal("the broker ended before it was ready")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func until(t *testing.T, condition func() bool, what func() string) {
	t.Helper()
	deadline := time.Now().Add(safetyNet)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("never came: %s", what())
		}
		time.Sleep(20 * time.Millisecond)
	}
}
