// SPDX-License-Identifier: GPL-2.0-only

// Writer and reader in Go, for the matrix of languages; CASES.md says what they do.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"zinc"
)

const (
	page     = 65536
	patience = 60 * time.Second
)

// fields are the fields of the message, with the padding that they have in C.
type fields struct {
	Sequence uint64
	A        uint8
	_        uint8
	B        uint16
	C        uint32
	D        uint64
	E        float32
	_        uint32
	F        float64
	G        [16]uint32
}

// native is the byte order of this machine.
func native() binary.ByteOrder {
	one := uint16(1)
	if *(*byte)(unsafe.Pointer(&one)) == 1 {
		return binary.LittleEndian
	}
	return binary.BigEndian
}

// message is that of this sequence.
func message(s uint64) []byte {
	all := fields{
		Sequence: s,
		A:        uint8(s * 7),
		B:        uint16(s * 257),
		C:        uint32(s * 2654435761),
		D:        s * 0x9E3779B97F4A7C15,
		E:        float32(float64(s) * 0.5),
		F:        float64(s) * -0.125,
	}
	for i := range all.G {
		all.G[i] = uint32(s)*31 + uint32(i)*17
	}
	var text bytes.Buffer
	// it cannot fail: the buffer grows, and all sizes are fixed
	_ = binary.Write(&text, native(), &all)
	sum := fnv.New32a()
	sum.Write(text.Bytes())
	_ = binary.Write(&text, native(), [2]uint32{sum.Sum32(), 0})
	return text.Bytes()
}

func sequenceOf(region *zinc.SharedRegion) *uint64 {
	return (*uint64)(unsafe.Pointer(&region.Bytes()[0]))
}

// wait is a wait that has to succeed.
func wait(region *zinc.SharedRegion, what string, s uint64) error {
	notified, err := region.Wait(patience)
	if err == nil && !notified {
		err = fmt.Errorf("%s, message %d", what, s)
	}
	return err
}

func write(data, ack *zinc.SharedRegion, count uint64) error {
	into, seen := data.Bytes(), sequenceOf(ack)
	fmt.Println("ready")
	for s := uint64(1); s <= count; s++ {
		copy(into, message(s))
		if err := data.Notify(); err != nil {
			return err
		}
		for atomic.LoadUint64(seen) != s {
			if err := wait(ack, "the reader does not answer", s); err != nil {
				return err
			}
		}
	}
	return nil
}

func awaitMessage(data *zinc.SharedRegion, s uint64) error {
	sequence := sequenceOf(data)
	for {
		if err := wait(data, "nothing comes", s); err != nil {
			return err
		}
		switch got := atomic.LoadUint64(sequence); got {
		case s:
			return nil
		case s - 1:
		default:
			return fmt.Errorf("message %d comes instead of %d", got, s)
		}
	}
}

func read(data, ack *zinc.SharedRegion, count uint64) error {
	source, seen := data.Bytes(), sequenceOf(ack)
	for s := uint64(1); s <= count; s++ {
		if err := awaitMessage(data, s); err != nil {
			return err
		}
		want := message(s)
		if !bytes.Equal(source[:len(want)], want) {
			return fmt.Errorf("message %d is torn, or not as it should be", s)
		}
		atomic.StoreUint64(seen, s)
		if err := ack.Notify(); err != nil {
			return err
		}
	}
	return nil
}

// with runs an order with both regions.
func with(open func(string) (*zinc.SharedRegion, error), name string, count uint64,
	run func(data, ack *zinc.SharedRegion, count uint64) error) error {
	data, err := open(name)
	if err != nil {
		return err
	}
	defer data.Unmap()
	ack, err := open(name + "-ack")
	if err != nil {
		return err
	}
	defer ack.Unmap()
	return run(data, ack, count)
}

func create(name string) (*zinc.SharedRegion, error) {
	return zinc.Create(name, page)
}

func hold(name string) error {
	region, err := create(name)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	for err == nil {
		_, err = region.Wait(zinc.Forever)
	}
	return err
}

func awaitEnd(name string) error {
	region, err := zinc.Open(name)
	if err != nil {
		return err
	}
	defer region.Close()
	fmt.Println("ready")
	_, err = region.WaitOrGone(patience)
	if errors.Is(err, zinc.ErrGone) {
		return nil
	}
	return fmt.Errorf("its creator is not gone: %v", err)
}

func obey(line string) error {
	var order, name string
	var count uint64

	if _, err := fmt.Sscan(line, &order, &name, &count); err != nil {
		return errors.New("no such order")
	}
	switch order {
	case "write":
		return with(create, name, count, write)
	case "read":
		return with(zinc.Open, name, count, read)
	case "hold":
		return hold(name)
	case "gone":
		return awaitEnd(name)
	}
	return errors.New("no such order")
}

func main() {
	orders := bufio.NewScanner(os.Stdin)
	for orders.Scan() {
		if err := obey(orders.Text()); err != nil {
			fmt.Println("error", strings.ReplaceAll(err.Error(), "\n", " "))
			continue
		}
		fmt.Println("done")
	}
}
