//go:build !linux

package main

import "errors"

func mountDisk(dir, size string) error { return errors.ErrUnsupported }

func unmountDisk(dir string) {}
