package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// lockTable is who is at work among all who share some objects, on whatever machines.
//
// Its state at any time is one object, the last of a row of numbered ones, each of which is written once and never
// changed: whoever takes or gives back a lock reads the last one, and creates the next with what is to be true from then
// on. Of several who do that at once one creates it, and the others begin anew. So environments are taken together or not
// at all, by one conditional write, however many they are.
//
//	locks/00000000000000000042   the holders, as they are now
//	heartbeats/<token>           of one holder: counts up while it lives
//
// A holder that does not count up for the length of its lease, by the clock of whoever looks, has lost its locks. Clocks
// are never compared: a lease begins anew with whoever begins to look.
type lockTable struct {
	objects objects
	left    func(marker string) []string // may be nil

	mu   sync.Mutex
	seen map[string]*pulse // of the holders that were looked at, by token
}

// pulse is what somebody saw of a holder's heart.
type pulse struct {
	beat  heartbeat
	since time.Time // it has not changed since, by the monotonic clock
}

// tableVersion is the version of the documents of a lock table.
const tableVersion = 1

// table is one state of a lockTable.
type table struct {
	Version int     `json:"version"`
	Holders []entry `json:"holders"`
	number  int
}

// entry is one holder in a table.
type entry struct {
	Token string        `json:"token"`
	Lease time.Duration `json:"lease_ns"`
	Holder
}

// heartbeat is the object by which a holder shows that it lives. Time is for people.
type heartbeat struct {
	Count int          `json:"count"`
	Run   schema.RunID `json:"run,omitempty"`
	Time  time.Time    `json:"time"`
}

const (
	tablesIn     = "locks/"
	heartbeatsIn = "heartbeats/"
	keptTables   = 3 // older ones are removed
)

func tableName(number int) string { return fmt.Sprintf("%s%020d", tablesIn, number) }

// last returns the state now.
func (l *lockTable) last(ctx context.Context) (*table, error) {
	for {
		names, err := l.objects.List(ctx, tablesIn)
		if err != nil || len(names) == 0 {
			return &table{Version: tableVersion}, err
		}
		name := names[len(names)-1]
		number, err := strconv.Atoi(strings.TrimPrefix(name, tablesIn))
		if err != nil {
			return nil, fmt.Errorf("%s is no table of locks", name)
		}
		text, err := l.objects.Read(ctx, name)
		if errors.Is(err, fs.ErrNotExist) { // others went on, and removed it
			if err := pause(ctx, jitter()); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		t := &table{number: number}
		if err := json.Unmarshal(text, t); err != nil {
			return nil, fmt.Errorf("%s is damaged: %w", name, err)
		}
		if t.Version > tableVersion {
			return nil, fmt.Errorf("%s was written by a newer bitops (version %d of its format)", name, t.Version)
		}
		return t, nil
	}
}

func (t *table) has(token string) bool {
	return slices.ContainsFunc(t.Holders, func(e entry) bool { return e.Token == token })
}

// next tries to make holders the state after t, and reports whether proof tells of the state that is last then that it
// worked. An answer of the storage is not believed: a write that failed may have been done, and one that was done may
// have been of a number that was long gone by.
func (l *lockTable) next(ctx context.Context, t *table, holders []entry, proof func(*table) bool) error {
	text, err := json.Marshal(table{Version: tableVersion, Holders: holders})
	if err != nil {
		return err
	}
	name := tableName(t.number + 1)
	writeErr := l.objects.Create(ctx, name, text)
	if writeErr != nil && !errors.Is(writeErr, fs.ErrExist) && ctx.Err() != nil {
		return writeErr
	}
	now, err := l.last(ctx)
	switch {
	case err != nil:
		return errors.Join(writeErr, err)
	case proof(now):
		l.forgetOld(ctx, now.number)
		return nil
	case writeErr == nil && now.number != t.number+1:
		_ = l.objects.Delete(ctx, name) // a number that was gone by: nobody reads it
		return errTryAgain
	case writeErr != nil && !errors.Is(writeErr, fs.ErrExist):
		return writeErr
	}
	return errTryAgain
}

// forgetOld removes tables that nobody needs. The first one stays: see conditional.
func (l *lockTable) forgetOld(ctx context.Context, number int) {
	for old := number - keptTables; old > 0 && old > number-2*keptTables; old-- {
		if l.objects.Delete(ctx, tableName(old)) != nil {
			return // the next one will
		}
	}
}

// conditional makes sure that the storage does not overwrite what exists where it was asked not to: without that, two
// could have one lock. It makes the first table, which stays.
func (l *lockTable) conditional(ctx context.Context) error {
	text, err := json.Marshal(table{Version: tableVersion})
	if err != nil {
		return err
	}
	for range 2 {
		err = l.objects.Create(ctx, tableName(0), text)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if err == nil {
		return errors.New("the bucket does not know conditional writes (If-None-Match), so nobody can lock anything in it")
	}
	return nil
}

// try takes the holder's environments, or returns a *LockedError.
func (l *lockTable) try(ctx context.Context, h Holder, lease time.Duration) (*entry, error) {
	t, err := l.last(ctx)
	if err != nil {
		return nil, err
	}
	stay := make([]entry, 0, len(t.Holders)+1)
	for _, other := range t.Holders {
		shared, overlaps := other.overlap(h)
		gone := false
		if overlaps {
			if gone, err = l.look(ctx, &other); err != nil {
				return nil, err
			}
		}
		if overlaps && !gone {
			return nil, &LockedError{Holder: other.Holder, Environments: shared}
		}
		if !gone {
			stay = append(stay, other)
		}
	}
	mine := entry{Token: rand.Text(), Lease: lease, Holder: h}
	if err := l.beat(ctx, mine.Token, heartbeat{Time: h.Since}); err != nil {
		return nil, err
	}
	err = l.next(ctx, t, append(stay, mine), func(now *table) bool { return now.has(mine.Token) })
	if err != nil {
		_ = l.objects.Delete(ctx, heartbeatsIn+mine.Token)
		return nil, err
	}
	l.bury(ctx, t.Holders, stay)
	return &mine, nil
}

// look finds out whether a holder is gone, and fills in its run. One that is looked at for the first time is there.
func (l *lockTable) look(ctx context.Context, e *entry) (gone bool, err error) {
	var now heartbeat
	text, err := l.objects.Read(ctx, heartbeatsIn+e.Token)
	if err == nil {
		err = json.Unmarshal(text, &now)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("look for the heartbeat of %s: %w", e.Holder, err)
	}
	if now.Run != "" {
		e.Run = now.Run
	}
	e.Heard = now.Time
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[string]*pulse{}
	}
	p := l.seen[e.Token]
	if p == nil || p.beat.Count != now.Count {
		l.seen[e.Token] = &pulse{beat: now, since: time.Now()}
		return false, nil
	}
	gone = time.Since(p.since) > e.Lease
	return gone && !e.survived(l.left), nil
}

// beat writes a heartbeat.
func (l *lockTable) beat(ctx context.Context, token string, b heartbeat) error {
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	return l.objects.Write(ctx, heartbeatsIn+token, text)
}

// bury removes the heartbeats of those who did not stay.
func (l *lockTable) bury(ctx context.Context, before, stay []entry) {
	for _, e := range before {
		if !slices.ContainsFunc(stay, func(s entry) bool { return s.Token == e.Token }) {
			_ = l.objects.Delete(ctx, heartbeatsIn+e.Token)
		}
	}
}

// remove takes the holders out that are gone.
func (l *lockTable) remove(ctx context.Context, gone func(entry) bool) error {
	for {
		t, err := l.last(ctx)
		if err != nil {
			return err
		}
		stay := slices.DeleteFunc(slices.Clone(t.Holders), gone)
		if len(stay) == len(t.Holders) {
			return nil
		}
		err = l.next(ctx, t, stay, func(now *table) bool { return !slices.ContainsFunc(now.Holders, gone) })
		if err == nil {
			l.bury(ctx, t.Holders, stay)
			return nil
		}
		if !errors.Is(err, errTryAgain) {
			return err
		}
		if err := pause(ctx, jitter()); err != nil {
			return err
		}
	}
}

// holders returns who is at work, as far as anybody can say who did not wait and look. Only who calls it again and again
// for the length of a lease learns from Lost that a holder is gone.
func (l *lockTable) holders(ctx context.Context) ([]Holder, error) {
	t, err := l.last(ctx)
	if err != nil {
		return nil, err
	}
	var all []Holder
	for _, e := range t.Holders {
		gone, err := l.look(ctx, &e)
		if err != nil {
			return nil, err
		}
		e.Lost, e.Silent = gone, time.Since(e.Heard) > e.Lease
		all = append(all, e.Holder)
	}
	return all, nil
}
