package trend

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	_ "modernc.org/sqlite"

	"github.com/FactomProject/factom-load/internal/files"
)

// IndexFile is the index of the runs below a directory, in that directory: a SQLite
// database of what their reports say. It may be deleted at any time.
const IndexFile = ".factom-load-index.sqlite"

// What marks a database as an index of this program, and the version of its tables
// and of what is put into them: any other one is made anew.
const (
	indexApplication = 0x464c_5452 // "FLTR"
	indexVersion     = 3
	mostIndexBytes   = 1 << 30
)

const indexTables = `
CREATE TABLE runs (
	path        TEXT PRIMARY KEY, -- below the directory of the index
	record      INTEGER NOT NULL, -- 1: there is no report.json, all is of the record
	size        INTEGER NOT NULL, -- of report.json or else of run.json, bytes
	changed_ns  INTEGER NOT NULL, -- its time of change
	id          TEXT NOT NULL,
	started_ns  INTEGER NOT NULL, -- since 1970, UTC
	verdict     TEXT NOT NULL,
	partial     INTEGER NOT NULL,
	scenario    TEXT NOT NULL,
	sha256      TEXT NOT NULL,
	network     TEXT NOT NULL,
	factomd     TEXT NOT NULL,
	host        TEXT NOT NULL,
	tags        TEXT NOT NULL,    -- a JSON object
	notes       TEXT NOT NULL,    -- a JSON array of objects with at and text
	problem     TEXT NOT NULL     -- why the report could not be used; nothing else is there then
) WITHOUT ROWID;
CREATE TABLE figures (
	path   TEXT NOT NULL,
	metric TEXT NOT NULL,
	value  REAL NOT NULL,
	PRIMARY KEY (path, metric)
) WITHOUT ROWID;`

// A store is the index. It is worked on in memory and written as a whole, by a rename:
// so that programs which use it at the same time never meet half of it, need no locks,
// which some file systems do not have, and can but undo each other's saving of time.
type store struct {
	db   *sql.DB
	conn *sql.Conn // a database in memory belongs to its connection
}

// openStore reads an index, or begins a new one where there is none that can be
// used: why says so, if there was one.
func openStore(ctx context.Context, path string) (s *store, why error, err error) {
	data, why := readIndex(path)
	if data != nil {
		if s, why = newStore(ctx, data); why == nil {
			return s, nil, nil
		}
	}
	s, err = newStore(ctx, nil)
	return s, why, err
}

// readIndex returns nil without an error where there is no index.
func readIndex(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > mostIndexBytes:
		return nil, errors.New("it is not of this program")
	case info.Size() == 0:
		return nil, errors.New("it is empty")
	}
	return os.ReadFile(path)
}

func newStore(ctx context.Context, data []byte) (_ *store, err error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, fmt.Errorf("opening a database in memory: %w", err)
	}
	defer func() {
		if err != nil {
			db.Close()
		}
	}()
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening a database in memory: %w", err)
	}
	s := &store{db, conn}
	if data == nil {
		_, err = conn.ExecContext(ctx, fmt.Sprintf("%s PRAGMA application_id = %d; PRAGMA user_version = %d", indexTables, indexApplication, indexVersion))
	} else if err = s.raw(func(d driverConn) error { return d.Deserialize(data) }); err == nil {
		err = s.check(ctx)
	}
	return s, err
}

// driverConn is what the driver's connections can do beside those of database/sql.
type driverConn interface {
	Serialize() ([]byte, error)
	Deserialize([]byte) error
}

func (s *store) raw(do func(driverConn) error) error {
	return s.conn.Raw(func(c any) error {
		d, ok := c.(driverConn)
		if !ok {
			return errors.New("the driver cannot copy databases")
		}
		return do(d)
	})
}

// check refuses what is broken, of another program or of another version.
func (s *store) check(ctx context.Context) error {
	if _, err := s.conn.ExecContext(ctx, "PRAGMA trusted_schema = OFF"); err != nil {
		return err
	}
	var application, version int
	err := errors.Join(
		s.conn.QueryRowContext(ctx, "PRAGMA application_id").Scan(&application),
		s.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version),
	)
	switch {
	case err != nil:
		return err
	case application != indexApplication:
		return errors.New("it is not of this program")
	case version != indexVersion:
		return fmt.Errorf("it has the version %d, and this program makes %d", version, indexVersion)
	}
	var found string
	if err := s.conn.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return errors.New("it is broken")
	}
	return nil
}

func (s *store) close() error { return errors.Join(s.conn.Close(), s.db.Close()) }

// runs returns all runs by their paths.
func (s *store) runs(ctx context.Context) (map[string]Run, error) {
	all := map[string]Run{}
	rows, err := s.conn.QueryContext(ctx, `SELECT path, record, size, changed_ns, id, started_ns, verdict, partial, scenario, sha256, network, factomd, host, tags, notes, problem FROM runs`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r Run
		var started int64
		var tags, notes string
		if err := rows.Scan(&r.Path, &r.Record, &r.size, &r.changed, &r.ID, &started, &r.Verdict, &r.Partial, &r.Scenario, &r.SHA256, &r.Network, &r.Factomd, &r.Host, &tags, &notes, &r.Problem); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(tags), &r.Tags); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(notes), &r.Notes); err != nil {
			return nil, err
		}
		r.Started, r.Values = time.Unix(0, started).UTC(), map[string]float64{}
		all[r.Path] = r
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	figures, err := s.conn.QueryContext(ctx, `SELECT path, metric, value FROM figures`)
	if err != nil {
		return nil, err
	}
	defer figures.Close()
	for figures.Next() {
		var path, metric string
		var value float64
		if err := figures.Scan(&path, &metric, &value); err != nil {
			return nil, err
		}
		if r, ok := all[path]; ok {
			r.Values[metric] = value
		}
	}
	return all, figures.Err()
}

// change puts runs into the index in the place of older ones, and takes others out.
func (s *store) change(ctx context.Context, put []Run, drop []string) error {
	tx, err := s.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, r := range put {
		drop = append(drop, r.Path)
	}
	for _, table := range []string{"runs", "figures"} {
		if len(drop) == 0 {
			break
		}
		remove, err := tx.PrepareContext(ctx, "DELETE FROM "+table+" WHERE path = ?")
		if err != nil {
			return err
		}
		for _, path := range drop {
			if _, err := remove.ExecContext(ctx, path); err != nil {
				return err
			}
		}
	}
	addRun, err := tx.PrepareContext(ctx, `INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	addFigure, err := tx.PrepareContext(ctx, `INSERT INTO figures VALUES (?, ?, ?)`)
	if err != nil {
		return err
	}
	for _, r := range put {
		tags, err := json.Marshal(r.Tags)
		if err != nil {
			return err
		}
		notes, err := json.Marshal(r.Notes)
		if err != nil {
			return err
		}
		if _, err := addRun.ExecContext(ctx, r.Path, r.Record, r.size, r.changed, r.ID, r.Started.UnixNano(), string(r.Verdict), r.Partial, r.Scenario, r.SHA256, r.Network, r.Factomd, r.Host, string(tags), string(notes), r.Problem); err != nil {
			return err
		}
		for metric, value := range r.Values {
			if _, err := addFigure.ExecContext(ctx, r.Path, metric, value); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}

// save writes the index into its file.
func (s *store) save(path string) error {
	var data []byte
	err := s.raw(func(d driverConn) (err error) {
		data, err = d.Serialize()
		return err
	})
	if err != nil {
		return fmt.Errorf("copying the index: %w", err)
	}
	return files.Replace(path, data)
}
