//! RC4, to read recordings of servers that still spoke it (RFC 7465 forbids it). It is ours because
//! the OpenSSL in use is built without its legacy algorithms, which must not reach the product.

/// The key stream, from where it stands.
#[derive(Clone)]
pub(super) struct Rc4 {
    state: [u8; 256],
    i: u8,
    j: u8,
}

impl Rc4 {
    /// An empty key gives nothing.
    pub(super) fn new(key: &[u8]) -> Option<Self> {
        let mut state = std::array::from_fn(|index| index as u8);
        let mut j = 0u8;
        for i in 0..256 {
            j = j.wrapping_add(state[i]).wrapping_add(*key.get(i.checked_rem(key.len())?)?);
            state.swap(i, usize::from(j));
        }
        Some(Self { state, i: 0, j: 0 })
    }

    /// Encrypts or decrypts what comes next.
    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.i = self.i.wrapping_add(1);
            let (i, a) = (usize::from(self.i), self.state[usize::from(self.i)]);
            self.j = self.j.wrapping_add(a);
            self.state.swap(i, usize::from(self.j));
            *byte ^= self.state[usize::from(a.wrapping_add(self.state[i]))];
        }
    }
}
