// SPDX-License-Identifier: MIT

package zinc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"
)

func ExampleOpenStream() {
	name := fmt.Sprintf("stream-example-%d", os.Getpid())
	format, err := VideoFormat("NV12", 640, 480, 64)
	if err != nil {
		panic(err)
	}
	writer, err := CreateStream(name, format, StreamOptions{})
	if err != nil {
		panic(err)
	}
	defer writer.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	reader, err := OpenStream(ctx, name, Newest)
	if err != nil {
		panic(err)
	}
	defer reader.Close()

	slot, err := writer.Begin(ctx)
	if err != nil {
		panic(err)
	}
	luma, err := format.Plane(0)
	if err != nil {
		panic(err)
	}
	luma.Row(slot, 7)[639] = 16
	if err := writer.Commit(Descriptor{Bytes: format.FrameBytes()}); err != nil {
		panic(err)
	}

	frame, err := reader.Next(ctx)
	if err != nil {
		panic(err)
	}
	value := luma.Row(frame.Data, 7)[639]
	if frame.Done() { // it was whole when it was read
		fmt.Println(frame.Number, value)
	}
	// Output: 1 16
}

func newStream(t *testing.T) (*Writer, *Reader) {
	t.Helper()
	name := fmt.Sprintf("stream-%d-%s", os.Getpid(), t.Name())
	format, err := TensorFormat(DTypeUint, 8, 4)
	if err != nil {
		t.Fatal(err)
	}
	writer, err := CreateStream(name, format, StreamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	reader, err := OpenStream(context.Background(), name, Every)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		reader.Close()
		writer.Close()
	})
	return writer, reader
}

func TestStreamContexts(t *testing.T) {
	_, reader := newStream(t)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if _, err := reader.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("next: %v", err)
	}
	if _, err := OpenStream(ctx, "stream-of-nobody", Newest); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("open: %v", err)
	}
}

func TestStreamCloseEndsWaits(t *testing.T) {
	_, reader := newStream(t)
	ended := make(chan error)
	go func() {
		_, err := reader.Next(context.Background())
		ended <- err
	}()
	time.Sleep(20 * time.Millisecond)
	reader.Close()
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Errorf("next: %v", err)
	}
}

func TestStreamGone(t *testing.T) {
	writer, reader := newStream(t)
	if err := writer.Write(context.Background(), []byte("last")); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	frame, err := reader.Read(context.Background())
	if err != nil || string(frame.Data) != "last" {
		t.Fatalf("read: %v", err)
	}
	if _, err := reader.Next(context.Background()); !errors.Is(err, ErrGone) {
		t.Errorf("next: %v", err)
	}
	if err := writer.Write(context.Background(), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("write: %v", err)
	}
}

func TestStreamErrors(t *testing.T) {
	writer, _ := newStream(t)
	if _, err := VideoFormat("XXXX", 4, 4, 1); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("fourcc: %v", err)
	}
	if _, err := TensorFormat(DTypeFloat, 32, 0); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("tensor: %v", err)
	}
	if _, err := CreateStream(writer.Name(), writer.Format(), StreamOptions{}); !errors.Is(err, os.ErrExist) {
		t.Errorf("create: %v", err)
	}
	if err := writer.Write(context.Background(), make([]byte, 1<<20)); !errors.Is(err, syscall.EMSGSIZE) {
		t.Errorf("write: %v", err)
	}
	if _, err := writer.Begin(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Begin(context.Background()); !errors.Is(err, syscall.EBUSY) {
		t.Errorf("begin: %v", err)
	}
	if err := writer.Commit(Descriptor{Bytes: 1 << 20}); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("commit: %v", err)
	}
	writer.Cancel()
	if number := writer.Number(); number != 0 {
		t.Errorf("number: %d", number)
	}
}

// A reader that is slower than the writer, and whose calls end while copies are torn: of
// all frames each is returned, or told as lost with one that is.
func TestStreamLostAtTimeouts(t *testing.T) {
	format, err := TensorFormat(DTypeUint, 8, 4<<20)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("stream-%d-timeouts", os.Getpid())
	writer, err := CreateStream(name, format, StreamOptions{Slots: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	reader, err := OpenStream(context.Background(), name, Every)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	stop, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				// the last one, which nobody overwrites
				ended <- writer.Write(context.Background(), []byte("last"))
				return
			default:
			}
			slot, err := writer.Begin(context.Background())
			if err == nil {
				slot[0]++
				err = writer.Commit(Descriptor{Bytes: format.FrameBytes()})
			}
			if err != nil {
				ended <- err
				return
			}
		}
	}()
	told := uint64(0)
	for i := 0; i < 20; i++ {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		frame, err := reader.Read(ctx)
		cancel()
		if err == nil {
			told += frame.Lost + 1
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
	close(stop)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for {
		frame, err := reader.Read(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		told += frame.Lost + 1
		if string(frame.Data) != "last" {
			continue
		}
		if told != frame.Number {
			t.Errorf("of %d frames %d were returned or told as lost", frame.Number, told)
		}
		break
	}
}
