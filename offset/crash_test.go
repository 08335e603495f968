//go:build unix

package offset_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/offset"
)

// TestMain makes this program a process that uses an offsets file, when a test
// starts it as one.
func TestMain(m *testing.M) {
	play, ok := roles[os.Getenv("OFFSET_ROLE")]
	if !ok {
		os.Exit(m.Run())
	}
	if err := play(context.Background(), offset.File(os.Getenv("OFFSET_FILE"))); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

var roles = map[string]func(ctx context.Context, f offset.File) error{
	// saves as fast as it can, and says how far it has come
	"saves": func(ctx context.Context, f offset.File) error {
		last, err := f.Load(ctx, "people")
		if err != nil {
			return err
		}
		for n := position(last) + 1; ; n++ {
			if err := f.Save(ctx, "people", []tailrace.Offset{at("hr", fmt.Sprintf(`{"incrementing":%d}`, n))}); err != nil {
				return err
			}
			fmt.Println(n)
		}
	},
	// has the name until it is killed
	"claims": func(ctx context.Context, f offset.File) error {
		if _, err := f.Claim(ctx, "people"); err != nil {
			return err
		}
		fmt.Println("claimed")
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	},
	// has no permissions
	"nobody": func(ctx context.Context, f offset.File) error {
		if os.Getuid() == 0 {
			if err := syscall.Setuid(65534); err != nil {
				return err
			}
		}
		_, err := f.Load(ctx, "people")
		fmt.Println(err)
		fmt.Println(f.Save(ctx, "people", []tailrace.Offset{at("hr", `{"incrementing":8}`)}))
		_, err = f.Claim(ctx, "people")
		fmt.Println(err)
		return nil
	},
}

func position(offsets []tailrace.Offset) int {
	var p struct{ Incrementing int }
	if len(offsets) == 1 && json.Unmarshal([]byte(offsets[0].Position), &p) == nil {
		return p.Incrementing
	}
	return 0
}

// start starts this program as a process of the role.
func start(t *testing.T, role string, f offset.File) (cmd *exec.Cmd, out *bufio.Scanner) {
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "OFFSET_ROLE="+role, "OFFSET_FILE="+string(f))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		stdin.Close()
		cmd.Process.Kill()
	})
	return cmd, bufio.NewScanner(stdout)
}

func TestAProcessKilledAtAnyMomentLeavesTheOldOffsetsOrTheNew(t *testing.T) {
	f := file(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	said := 0
	for range 60 {
		cmd, out := start(t, "saves", f)
		for range 1 + random.IntN(20) {
			require.True(t, out.Scan(), "it ended by itself")
			n, err := strconv.Atoi(out.Text())
			require.NoError(t, err, out.Text())
			require.Equal(t, said+1, n, "it went on from elsewhere")
			said = n
		}
		for moment := time.Now().Add(time.Duration(random.IntN(2000)) * time.Microsecond); time.Now().Before(moment); {
		}
		require.NoError(t, cmd.Process.Kill())
		for out.Scan() {
			n, err := strconv.Atoi(out.Text())
			require.NoError(t, err, out.Text())
			said = n
		}
		require.Error(t, cmd.Wait())

		offsets, err := f.Load(t.Context(), "people")
		require.NoError(t, err)
		is := position(offsets)
		require.Contains(t, []int{said, said + 1}, is, "of the save that it was in the old or the new is there, and nothing else")
		said = is
	}
	t.Logf("%d saves", said)
}

// A crash in the middle of writing leaves a part of the new file beside the old.
func TestACrashAtAnyByteOfTheNewFileLeavesTheOld(t *testing.T) {
	for n := range len(shop) + 1 {
		f := file(t, shop)
		require.NoError(t, os.WriteFile(string(f)+".new", []byte(strings.ReplaceAll(shop, "1547", "1999")[:n]), 0o400))
		require.NoError(t, os.WriteFile(string(f)+".lock", nil, 0o644))
		got, err := f.Load(t.Context(), "people")
		require.NoError(t, err)
		require.Equal(t, []tailrace.Offset{at("hr", `{"incrementing":7}`)}, got)
		if n%20 != 0 {
			continue
		}
		require.NoError(t, f.Save(t.Context(), "people", []tailrace.Offset{at("hr", `{"incrementing":8}`)}))
		require.Equal(t, strings.Replace(shop, ":7}", ":8}", 1), text(t, f))
	}
}

func TestAClaimKeepsOtherProcessesOutAndEndsWithItsProcess(t *testing.T) {
	f := file(t)
	cmd, out := start(t, "claims", f)
	require.True(t, out.Scan())
	require.Equal(t, "claimed", out.Text())

	_, err := f.Claim(t.Context(), "people")
	require.ErrorContains(t, err, fmt.Sprintf("process %d on ", cmd.Process.Pid))
	require.ErrorContains(t, err, string(f))
	_, out = start(t, "claims", f)
	require.True(t, out.Scan())
	assert.Contains(t, out.Text(), fmt.Sprintf("process %d on ", cmd.Process.Pid))

	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	release, err := f.Claim(t.Context(), "people")
	require.NoError(t, err, "what a killed process leaves behind holds nothing")
	require.NoError(t, release())
}

func TestMissingPermissionsAreErrorsThatSayWhatIsNeeded(t *testing.T) {
	f := file(t, shop)
	dir := filepath.Dir(string(f))
	require.NoError(t, os.Chmod(string(f), 0))
	require.NoError(t, os.Chmod(dir, 0o555))
	t.Cleanup(func() { os.Chmod(dir, 0o755) })
	cmd, out := start(t, "nobody", f)
	for range 3 {
		require.True(t, out.Scan())
		assert.Contains(t, out.Text(), "permission denied")
		assert.Contains(t, out.Text(), "must be allowed to read the offsets file")
	}
	require.NoError(t, cmd.Wait())
}
