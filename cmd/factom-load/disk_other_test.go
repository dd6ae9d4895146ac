//go:build !linux

package main

import "errors"

func canMount() bool { return false }

func mountDisk(dir, size string) error { return errors.ErrUnsupported }

func protectDisk(dir string) error { return errors.ErrUnsupported }

func unmountDisk(dir string) {}
