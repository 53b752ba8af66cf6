package store

// Objects lets tests look at what is shared.
func (s *Shared) Objects() interface{ objects } { return s.objects }
