//! One product of 64-bit numbers in full.

/// The upper and the lower half of `a * b`. By halves of 32 bits, which is what a Cortex-M multiplies.
pub(crate) const fn wide_product(a: u64, b: u64) -> (u64, u64) {
    const LOW: u64 = u32::MAX as u64;
    let (a_high, a_low) = (a >> 32, a & LOW);
    let (b_high, b_low) = (b >> 32, b & LOW);
    let low = a_low * b_low;
    // Neither sum can overflow: (2^32 - 1)^2 + 2^32 - 1 < 2^64.
    let middle = a_high * b_low + (low >> 32);
    let middle_too = a_low * b_high + (middle & LOW);
    let high = a_high * b_high + (middle >> 32) + (middle_too >> 32);
    (high, middle_too << 32 | low & LOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_128_bits() {
        let values = || {
            (0..64u64)
                .flat_map(|k| [(1 << k) - 1, 1 << k, k.wrapping_mul(0x9E37_79B9_7F4A_7C15)])
                .chain([u64::MAX, u64::MAX - 1])
        };
        for a in values() {
            for b in values() {
                let exact = u128::from(a) * u128::from(b);
                assert_eq!(
                    wide_product(a, b),
                    ((exact >> 64) as u64, exact as u64),
                    "{a} * {b}"
                );
            }
        }
    }
}
