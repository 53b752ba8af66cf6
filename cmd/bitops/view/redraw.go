package view

import "time"

// mostHeld is how many bytes of lines wait for the next Tick.
const mostHeld = 64 << 10

// Tick shows what has changed: the caller calls it several times a second where the view can overwrite, and once a second
// elsewhere, where it says once a minute what runs.
func (h *Human) Tick(now time.Time) {
	if h.out.held {
		h.draw(h.live.rows(now, h.options.Width, h.options.Height))
		return
	}
	if h.live == nil {
		h.sayMinutely(now)
	}
}

// Background is Tick while another program has the terminal: nothing is drawn over what that shows.
func (h *Human) Background(now time.Time) {
	h.Hide()
	h.sayMinutely(now)
	h.Hide()
}

func (h *Human) sayMinutely(now time.Time) {
	if line := h.minute.line(now, &h.run, h.ink); line != "" {
		h.rest()
		h.state(line)
		h.out.flush()
	}
}

// Resize tells the size of the terminal, which may have moved everything on it.
func (h *Human) Resize(width, height int) {
	h.options.Width, h.options.Height, h.out.width = width, height, width
	h.region.stale = len(h.region.rows) > 0
	h.measure()
}

// Hide takes the region away until the next Tick, and writes the lines that wait.
func (h *Human) Hide() {
	if h.out.held {
		h.draw(nil)
	}
}

// draw writes the lines that wait, and the region below them.
func (h *Human) draw(rows []string) {
	if h.out.err == nil {
		h.out.err = h.region.draw(h.out.buf.Bytes(), rows)
	}
	h.out.buf.Reset()
}

// endLive takes the region away for good.
func (h *Human) endLive() {
	h.Hide()
	h.out.held = false
}
