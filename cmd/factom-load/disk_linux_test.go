package main

import "syscall"

func mountDisk(dir, size string) error { return syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size) }

func unmountDisk(dir string) { syscall.Unmount(dir, 0) }
