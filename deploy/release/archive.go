package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"io"
	"io/fs"
	"time"
)

// file is one file of an archive, with its slash-separated name in it.
type file struct {
	name string
	mode fs.FileMode
	body []byte
}

// tarred writes a .tar.gz of files that belong to nobody and changed at one time.
func tarred(w io.Writer, files []file, changed time.Time) error {
	packed, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	t := tar.NewWriter(packed)
	for _, f := range files {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: int64(f.mode), Size: int64(len(f.body)), ModTime: changed.UTC(), Format: tar.FormatPAX}
		if err := t.WriteHeader(header); err != nil {
			return err
		}
		if _, err := t.Write(f.body); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	return packed.Close()
}

// zipped writes a .zip, which Windows opens by itself.
func zipped(w io.Writer, files []file, changed time.Time) error {
	z := zip.NewWriter(w)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: changed.UTC()}
		header.SetMode(f.mode)
		into, err := z.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := into.Write(f.body); err != nil {
			return err
		}
	}
	return z.Close()
}
