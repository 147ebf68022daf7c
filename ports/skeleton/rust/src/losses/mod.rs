//! The four losses and their gradients. Put your own implementation in their place.
//!
//! All is computed in float64; who wants float32 rounds once.

mod arguments;
mod bce;
mod cross_entropy;
mod logits;

pub use arguments::{Array, LossError, Options};
pub use bce::bce;
pub use cross_entropy::{Target, cross_entropy};
pub use logits::{bce_with_logits, multi_label_soft_margin};
