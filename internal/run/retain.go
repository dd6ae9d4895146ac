package run

import (
	"errors"

	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// Retain leaves of the record of a run that has ended, and was reported on, what its
// scenario asks for, and says so in the manifest.
func Retain(path string, keep scenarios.Record) (err error) {
	if keep.Keep == scenarios.KeepAll {
		return nil
	}
	dir, err := results.Reopen(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	m, err := results.ReadManifest(path)
	if err != nil {
		return err
	}
	left, err := results.Reduce(path, results.ReduceOptions{
		Failures: keep.Keep == scenarios.KeepFailures, Sample: keep.Sample, Seed: m.Seed,
	})
	if err != nil {
		return err
	}
	m.Record = &left
	return dir.WriteManifest(m)
}
