package main

import (
	"os"
	"syscall"
)

// canMount tries it.
func canMount() bool {
	dir, err := os.MkdirTemp("", "disk")
	if err != nil {
		return false
	}
	defer os.Remove(dir)
	if mountDisk(dir, "4k") != nil {
		return false
	}
	unmountDisk(dir)
	return true
}

func mountDisk(dir, size string) error { return syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size) }

// protectDisk makes a mounted disk read-only.
func protectDisk(dir string) error {
	return syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
}

func unmountDisk(dir string) { syscall.Unmount(dir, 0) }
