//! Authorization.

mod bearer;
