//! Vectors of one width and of length 1.

/// Numbers of a vector, in every space.
pub const WIDTH: usize = 1024;

/// Makes the length 1; false where that cannot be.
pub(super) fn normalise(vector: &mut [f32]) -> bool {
    let squares: f64 = vector
        .iter()
        .map(|&number| f64::from(number) * f64::from(number))
        .sum();
    let length = squares.sqrt();
    if !length.is_finite() || length == 0.0 {
        return false;
    }
    for number in vector {
        #[expect(clippy::cast_possible_truncation, reason = "between -1 and 1")]
        let scaled = (f64::from(*number) / length) as f32;
        *number = scaled;
    }
    true
}
