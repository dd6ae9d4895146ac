package run

import (
	"errors"

	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// Retain leaves of the record of a run that has ended, and was reported on, what its
// scenario asks for, and says so in the manifest.
func Retain(path string, keep scenarios.Record) error {
	if keep.Keep == scenarios.KeepAll {
		return nil
	}
	return retain(path, func(m *results.Manifest) (results.ReduceOptions, error) {
		return results.ReduceOptions{Failures: keep.Keep == scenarios.KeepFailures, Sample: keep.Sample, Seed: m.Seed}, nil
	})
}

// Drop leaves nothing of the entries in the record of a run, and says so in the
// manifest. It asks still once no run can begin there any more: an error keeps all.
func Drop(path string, still func() error) error {
	return retain(path, func(*results.Manifest) (results.ReduceOptions, error) { return results.ReduceOptions{}, still() })
}

func retain(path string, options func(*results.Manifest) (results.ReduceOptions, error)) (err error) {
	dir, err := results.Reopen(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	m, err := results.ReadManifest(path)
	if err != nil {
		return err
	}
	o, err := options(m)
	if err != nil {
		return err
	}
	left, err := results.Reduce(path, o)
	if err != nil {
		return err
	}
	m.Record = &left
	return dir.WriteManifest(m)
}
