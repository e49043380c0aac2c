//! Finite fields that everybody knows.

use std::sync::LazyLock;

use hallmark_tls::NamedGroup;
use openssl::{bn::BigNum, error::ErrorStack};

/// A prime, and the registered group or the document that has it.
struct Known {
    prime: Vec<u8>,
    name: String,
}

/// Of RFC 7919: computed from its definition (appendix A), not typed.
static REGISTERED: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let sizes = [
        (2048, 560_316),
        (3072, 2_625_351),
        (4096, 5_736_041),
        (6144, 15_705_020),
        (8192, 10_965_728),
    ];
    let known = |(bits, offset)| {
        Some(Known { prime: rfc7919(bits, offset).ok()?, name: format!("ffdhe{bits}") })
    };
    sizes.into_iter().filter_map(known).collect()
});

/// Published elsewhere: the more servers share a prime, the more its breaking is worth.
static PUBLISHED: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let known = |prime: Result<BigNum, ErrorStack>, name: &str| {
        Some(Known { prime: prime.ok()?.to_vec(), name: name.to_owned() })
    };
    [
        known(BigNum::get_rfc2409_prime_768(), "RFC 2409, group 1"),
        known(BigNum::get_rfc2409_prime_1024(), "RFC 2409, group 2"),
        known(BigNum::get_rfc3526_prime_1536(), "RFC 3526, group 5"),
        known(BigNum::get_rfc3526_prime_2048(), "RFC 3526, group 14"),
        known(BigNum::get_rfc3526_prime_3072(), "RFC 3526, group 15"),
        known(BigNum::get_rfc3526_prime_4096(), "RFC 3526, group 16"),
        known(BigNum::get_rfc3526_prime_6144(), "RFC 3526, group 17"),
        known(BigNum::get_rfc3526_prime_8192(), "RFC 3526, group 18"),
        known(rfc5114(), "RFC 5114, section 2.1"),
    ]
    .into_iter()
    .flatten()
    .collect()
});

/// The registered group with this prime.
pub(super) fn registered(prime: &[u8]) -> Option<NamedGroup> {
    let known = REGISTERED.iter().find(|known| known.prime == stripped(prime))?;
    NamedGroup::from_name(&known.name)
}

/// The document that published this prime.
pub(super) fn published(prime: &[u8]) -> Option<String> {
    let known = PUBLISHED.iter().find(|known| known.prime == stripped(prime))?;
    Some(known.name.clone())
}

/// Without leading zeros.
fn stripped(prime: &[u8]) -> &[u8] {
    let zeros = prime.iter().take_while(|byte| **byte == 0).count();
    prime.get(zeros..).unwrap_or_default()
}

/// `2^b − 2^(b−64) + (⌊2^(b−130) e⌋ + X) · 2^64 − 1`
fn rfc7919(bits: i32, offset: u32) -> Result<Vec<u8>, ErrorStack> {
    let one = BigNum::from_u32(1)?;
    let power = |exponent: i32| -> Result<BigNum, ErrorStack> {
        let mut power = BigNum::new()?;
        power.lshift(&one, exponent)?;
        Ok(power)
    };
    let mut middle = e_times_power_of_two(bits - 130)?;
    middle.add_word(offset)?;
    let mut shifted = BigNum::new()?;
    shifted.lshift(&middle, 64)?;
    let prime = &(&(&power(bits)? - &power(bits - 64)?) + &shifted) - &one;
    Ok(prime.to_vec())
}

/// `⌊2^n e⌋`: the sum of `2^n / k!`, with bits to spare for what each division cuts off.
fn e_times_power_of_two(n: i32) -> Result<BigNum, ErrorStack> {
    const SPARE: i32 = 64;
    let mut term = BigNum::new()?;
    term.lshift(&*BigNum::from_u32(1)?, n + SPARE)?;
    let mut sum = BigNum::new()?;
    let mut k = 1;
    while term.num_bits() > 0 {
        sum = &sum + &term;
        term.div_word(k)?;
        k += 1;
    }
    let mut whole = BigNum::new()?;
    whole.rshift(&sum, SPARE)?;
    Ok(whole)
}

/// The one of 1024 bits, still the default of some old servers.
fn rfc5114() -> Result<BigNum, ErrorStack> {
    openssl::dh::Dh::get_1024_160()?.prime_p().to_owned()
}

#[cfg(test)]
mod tests {
    use openssl::bn::BigNumContext;

    use super::*;

    /// The offsets are the least for which the prime is safe: a wrong digit would not be one.
    #[test]
    fn registered_primes_are_safe_primes() {
        let mut context = BigNumContext::new().unwrap();
        for known in REGISTERED.iter().take(3) {
            let prime = BigNum::from_slice(&known.prime).unwrap();
            let mut half = BigNum::new().unwrap();
            half.rshift1(&prime).unwrap();
            for number in [&prime, &half] {
                assert!(number.is_prime(2, &mut context).unwrap(), "{}", known.name);
            }
        }
        let bits: Vec<_> = REGISTERED.iter().map(|known| known.prime.len() * 8).collect();
        assert_eq!(bits, [2048, 3072, 4096, 6144, 8192]);
    }

    #[test]
    fn primes_are_recognised_with_leading_zeros() {
        let known = &REGISTERED[0];
        let padded = [&[0, 0][..], &known.prime].concat();
        assert_eq!(registered(&padded), NamedGroup::from_name("ffdhe2048"));
        assert_eq!(registered(&known.prime[1..]), None);
        let modp = BigNum::get_rfc3526_prime_2048().unwrap().to_vec();
        assert_eq!(published(&modp).as_deref(), Some("RFC 3526, group 14"));
        assert_eq!(published(&[]), None);
    }
}
