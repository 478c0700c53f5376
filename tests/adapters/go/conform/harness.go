// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"

	"zinc"
)

// test is one of the suite's.
type test struct {
	number int
	name   string
	run    func()
}

// skip is the panic of a test that cannot be run here, and failure that of one
// that failed.
type skip string
type failure string

// passes runs a test, and prints its line.
func (t test) passes() (passed bool) {
	defer func() {
		switch why := recover().(type) {
		case nil:
			fmt.Printf("ok %d %s\n", t.number, t.name)
			passed = true
		case skip:
			fmt.Printf("ok %d %s # SKIP %s\n", t.number, t.name, string(why))
			passed = true
		case failure:
			fmt.Printf("# %s\nnot ok %d %s\n", string(why), t.number, t.name)
		default:
			fmt.Printf("# %v\nnot ok %d %s\n", why, t.number, t.name)
		}
	}()
	t.run()
	return
}

func run(tests []test) int {
	status := 0
	fmt.Printf("TAP version 13\n1..%d\n", len(tests))
	for _, t := range tests {
		if !t.passes() {
			status = 1
		}
	}
	return status
}

// fail ends the test, and names the line of the first caller that is a case.
func fail(format string, values ...interface{}) {
	where := "?"
	for skip := 1; skip < 10; skip++ {
		_, file, line, ok := runtime.Caller(skip)
		if ok && strings.HasSuffix(file, "/main.go") {
			where = fmt.Sprint("line ", line)
			break
		}
	}
	panic(failure(where + ": " + fmt.Sprintf(format, values...)))
}

func check(right bool, values ...interface{}) {
	if !right {
		fail("not so: %v", values)
	}
}

func ok(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func fails(err, want error) {
	if !errors.Is(err, want) {
		fail("%v instead of %v", err, want)
	}
}

// yes and no: what a wait has to say.
func yes(notified bool, err error) {
	ok(err)
	check(notified, "notified")
}

func no(notified bool, err error) {
	ok(err)
	check(!notified, "not notified")
}

var names int64

// named is a name that no other process uses.
func named() string {
	return fmt.Sprintf("zc%d-go-%d", os.Getpid(), atomic.AddInt64(&names, 1))
}

// must is the region, of a call that has to succeed.
func must(region *zinc.SharedRegion, err error) *zinc.SharedRegion {
	ok(err)
	return region
}

func create(name string) *zinc.SharedRegion {
	return must(zinc.Create(name, page))
}

func open(name string) *zinc.SharedRegion {
	return must(zinc.Open(name))
}

// peer is what the other process says, once it has ended.
func peer(words ...string) string {
	said, err := exec.Command(os.Getenv("ZINC_PEER"), words...).Output()
	ok(err)
	return strings.TrimSpace(string(said))
}

// process is the other one, that goes on.
type process struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

// start gives it when it is ready.
func start(words ...string) *process {
	p := &process{command: exec.Command(os.Getenv("ZINC_PEER"), words...)}
	in, err := p.command.StdinPipe()
	ok(err)
	out, err := p.command.StdoutPipe()
	ok(err)
	p.command.Stderr = os.Stderr
	ok(p.command.Start())
	p.in, p.out = in, bufio.NewReader(out)
	line, err := p.out.ReadString('\n')
	ok(err)
	check(line == "ready\n", line)
	return p
}

// ends: by itself, and all is well.
func (p *process) ends() {
	p.in.Close()
	ok(p.command.Wait())
}

func (p *process) kill() {
	ok(p.command.Process.Signal(syscall.SIGKILL))
	p.command.Wait()
}
