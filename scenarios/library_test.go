package scenarios

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestLibrary(t *testing.T) {
	if want := []string{"burst", "chains", "hostile", "knee", "ramp", "readers", "smoke", "soak", "spike", "steady", "users"}; !slices.Equal(Library(), want) {
		t.Errorf("Library = %v, want %v", Library(), want)
	}
	for _, name := range Library() {
		data, file, err := Read(nil, name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(data, file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s.Name != name || s.Description == "" || s.Network.Local == nil {
			t.Errorf("%s: name %s, description %q, local network %v", name, s.Name, s.Description, s.Network.Local)
		}
		if least := leastBudget(s); s.Credits.Budget < least {
			t.Errorf("%s: the budget is %d, the run may cost %d", name, s.Credits.Budget, least)
		}
		judged := slices.ContainsFunc(s.Thresholds, func(t Threshold) bool {
			return strings.HasPrefix(string(t.Metric), "accept.") || strings.HasPrefix(string(t.Metric), "confirm.")
		})
		if !judged {
			t.Errorf("%s: no threshold on accept or confirm: submit alone hides overload", name)
		}
		if top := s.Load.Phases; name != "burst" && slices.ContainsFunc(top, func(p Phase) bool { return max(p.From, p.To) > 200 }) {
			t.Errorf("%s: a rate above 200/s, which a small machine may not take", name)
		}
	}
}

// leastBudget is the cost that a run stays below for all practical purposes: that
// of the mix as it is on average, and a tenth. A credit pays for each begun KiB,
// a new chain costs ten more.
func leastBudget(s *Scenario) int64 {
	var weights, cost, slots float64
	for _, i := range s.Workload.Mix {
		each := float64((i.Size.Max + 1023) / 1024)
		if i.Kind == KindChain {
			each += 10
		}
		weights += float64(i.Weight)
		cost += float64(i.Weight) * each
	}
	for _, p := range s.Load.Phases {
		slots += (p.From + p.To) / 2 * p.For.Seconds()
		if s.Load.Closed() { // a node that answers at once
			slots += float64(s.Load.Users) / s.Load.Think.Seconds() * p.For.Seconds()
		}
	}
	if q := s.Load.Search; q != nil {
		_, rates := q.Most()
		slots += rates * q.Hold.Of(s.Network.Local.BlockTime).Seconds()
	}
	return int64(1.1*slots*cost/weights) + 11*int64(s.Workload.Chains)
}

// The smoke scenario is what people run first: they wait half a minute for it.
func TestSmokeIsShort(t *testing.T) {
	data, _ := Lookup("smoke")
	s, err := Parse(data, "smoke.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var length time.Duration
	for _, p := range s.Load.Phases {
		length += p.For
	}
	if length > 40*time.Second || s.Network.Local.BlockTime != 6*time.Second {
		t.Errorf("%v of load, blocks of %v", length, s.Network.Local.BlockTime)
	}
}

func TestRead(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"smoke": "a file\n", "smoke.yaml": "yaml\n", "mine": "my own\n", "sub.yml": "yml\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	library, _ := Lookup("smoke")
	for _, test := range []struct{ arg, data, file string }{
		{"smoke", string(library), "smoke.yaml"},
		{"smoke.yaml", "yaml\n", "smoke.yaml"},
		{"./smoke", "a file\n", "./smoke"},
		{filepath.Join(".", "sub.yml"), "yml\n", "sub.yml"},
		{"mine", "my own\n", "mine"},
		{"-", "piped\n", "stdin"},
	} {
		data, file, err := Read(strings.NewReader("piped\n"), test.arg)
		if err != nil || string(data) != test.data || file != test.file {
			t.Errorf("%s: %q, %s, %v", test.arg, data, file, err)
		}
	}
	for arg, want := range map[string]string{
		"smokey":  "no scenario \"smokey\": file does not exist\n    hint: did you mean smoke? the library has burst, chains, hostile, knee, ramp, readers, smoke, soak, spike, steady, users; for a file of your own give its path",
		"x/y.yml": "no scenario \"x/y.yml\": file does not exist\n    hint: the library has burst, chains, hostile, knee, ramp, readers, smoke, soak, spike, steady, users; for a file of your own give its path",
	} {
		if _, _, err := Read(nil, arg); !errors.Is(err, fs.ErrNotExist) || err.Error() != want {
			t.Errorf("%s: %v", arg, err)
		}
	}
	if _, _, err := Read(nil, "./"); err == nil {
		t.Error("a directory is read as a scenario")
	}
	// What is endless is cut, and Parse then says that it is too much.
	data, file, err := Read(endless{}, "-")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(data, file); err == nil || !strings.Contains(err.Error(), "stdin:1:1: the file has more than") {
		t.Errorf("endless input: %.200v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
