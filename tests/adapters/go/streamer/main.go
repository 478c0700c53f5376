// SPDX-License-Identifier: GPL-2.0-only

// Streams in Go, for the matrix of languages; CASES.md says what the orders do.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"zinc"
)

func inTime() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 60*time.Second)
}

func kindOf(name string) (zinc.Format, error) {
	switch name {
	case "nv12":
		return zinc.VideoFormat("NV12", 6, 4, 64)
	case "xr24":
		return zinc.VideoFormat("XR24", 5, 3, 32)
	}
	return zinc.TensorFormat(zinc.DTypeFloat, 32, 2, 3)
}

func joined(numbers []int) string {
	var texts []string
	for _, number := range numbers {
		texts = append(texts, strconv.Itoa(number))
	}
	return strings.Join(texts, ",")
}

func describe(f zinc.Format) string {
	if f.Kind == zinc.StreamTensor {
		name := map[zinc.DType]string{zinc.DTypeFloat: "float"}[f.DType]
		return fmt.Sprintf("%s%d/%s", name, f.Bits, joined(f.Shape))
	}
	return fmt.Sprintf("%s/%dx%d/%s", f.FourCC, f.Width, f.Height, joined(f.Strides))
}

// each calls visit with each row, or element, of a frame and what it has to be.
func each(f zinc.Format, data []byte, number uint64, visit func(piece, want []byte)) error {
	if len(data) < f.FrameBytes() {
		return fmt.Errorf("%d bytes are too few", len(data))
	}
	if f.Kind == zinc.StreamTensor {
		for i := 0; i < 6; i++ {
			want := make([]byte, 4)
			value := float32(number)*0.5 + float32(i)
			binary.LittleEndian.PutUint32(want, math.Float32bits(value))
			visit(data[i*4:i*4+4], want)
		}
		return nil
	}
	for p := range f.Strides {
		plane, err := f.Plane(p)
		if err != nil {
			return err
		}
		for y := 0; y < plane.Rows; y++ {
			row := plane.Row(data, y)
			want := make([]byte, len(row))
			for x := range want {
				want[x] = byte(int(number) + p*3 + y*5 + x*7)
			}
			visit(row, want)
		}
	}
	return nil
}

func isRight(f zinc.Format, data []byte, number uint64) bool {
	right := true
	err := each(f, data, number, func(piece, want []byte) {
		right = right && bytes.Equal(piece, want)
	})
	return right && err == nil
}

type streamer struct {
	writer *zinc.Writer
	reader *zinc.Reader
	held   *zinc.Frame
}

func (s *streamer) writeOne(ctx context.Context) error {
	slot, err := s.writer.Begin(ctx)
	if err != nil {
		return err
	}
	number, format := s.writer.Number()+1, s.writer.Format()
	err = each(format, slot, number, func(piece, want []byte) { copy(piece, want) })
	if err != nil {
		return err
	}
	return s.writer.Commit(zinc.Descriptor{Bytes: format.FrameBytes(), PtsNs: number * 1000})
}

func (s *streamer) write(text string) (string, error) {
	count, err := strconv.Atoi(text)
	for ; err == nil && count > 0; count-- {
		ctx, cancel := inTime()
		err = s.writeOne(ctx)
		cancel()
	}
	return "done", err
}

func (s *streamer) try() (string, error) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := s.writeOne(ctx)
	if errors.Is(err, context.Canceled) {
		return "busy", nil
	}
	return "done", err
}

func (s *streamer) create(name, kind, slots string) (string, error) {
	format, err := kindOf(kind)
	if err != nil {
		return "", err
	}
	count, err := strconv.Atoi(slots)
	if err != nil {
		return "", err
	}
	s.writer, err = zinc.CreateStream(name, format, zinc.StreamOptions{Slots: count})
	return "ready", err
}

func (s *streamer) setFormat(kind string) (string, error) {
	format, err := kindOf(kind)
	if err != nil {
		return "", err
	}
	return "done", s.writer.SetFormat(format)
}

func (s *streamer) open(name, text string) (string, error) {
	ctx, cancel := inTime()
	defer cancel()
	modes := map[string]zinc.StreamMode{"every": zinc.Every, "register": zinc.Registered}
	reader, err := zinc.OpenStream(ctx, name, modes[text])
	if err != nil {
		return "", err
	}
	s.reader = reader
	return "ready " + describe(reader.Format()), nil
}

func told(f *zinc.Frame) string {
	state := "wrong"
	if isRight(f.Format, f.Data, f.Number) {
		state = "right"
	}
	changed := 0
	if f.NewFormat {
		changed = 1
	}
	return fmt.Sprintf("frame %d %d %d %s %d %d %s", f.Number, f.Lost, changed,
		describe(f.Format), f.Bytes, f.PtsNs, state)
}

func (s *streamer) next() (string, error) {
	ctx, cancel := inTime()
	defer cancel()
	frame, err := s.reader.Next(ctx)
	if errors.Is(err, zinc.ErrGone) {
		return "gone", nil
	}
	if err != nil {
		return "", err
	}
	text := told(frame)
	if !frame.Done() {
		text = text[:strings.LastIndex(text, " ")] + " torn"
	}
	return text, nil
}

func (s *streamer) read() (string, error) {
	ctx, cancel := inTime()
	defer cancel()
	frame, err := s.reader.Read(ctx)
	if err != nil {
		return "", err
	}
	return told(frame), nil
}

func bit(value bool) int {
	if value {
		return 1
	}
	return 0
}

func (s *streamer) hold() (string, error) {
	ctx, cancel := inTime()
	defer cancel()
	frame, err := s.reader.Next(ctx)
	if err != nil {
		return "", err
	}
	s.held = frame
	return fmt.Sprintf("held %d %d", frame.Number, bit(frame.IsWhole())), nil
}

func (s *streamer) follow() (string, error) {
	right, wrong := 0, 0
	for {
		frame, err := s.reader.Next(context.Background())
		if errors.Is(err, zinc.ErrGone) {
			return fmt.Sprintf("followed %d %d %d", right, wrong, s.reader.Lost()), nil
		}
		if err != nil {
			return "", err
		}
		good := isRight(frame.Format, frame.Data, frame.Number)
		if !frame.Done() {
			continue
		}
		right += bit(good)
		wrong += bit(!good)
	}
}

func (s *streamer) obey(line string) (string, error) {
	words := append(strings.Fields(line), "", "", "")
	switch words[0] {
	case "create":
		return s.create(words[1], words[2], words[3])
	case "write":
		return s.write(words[1])
	case "try":
		return s.try()
	case "format":
		return s.setFormat(words[1])
	case "end":
		return "done", s.writer.Close()
	case "open":
		return s.open(words[1], words[2])
	case "next":
		return s.next()
	case "read":
		return s.read()
	case "hold":
		return s.hold()
	case "release":
		return fmt.Sprintf("released %d", bit(s.held.Done())), nil
	case "follow":
		return s.follow()
	case "close":
		return "done", s.reader.Close()
	}
	return "", errors.New("no such order")
}

func main() {
	var s streamer

	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		text, err := s.obey(lines.Text())
		if err != nil {
			text = "error " + strings.ReplaceAll(err.Error(), "\n", " ")
		}
		fmt.Println(text)
	}
}
