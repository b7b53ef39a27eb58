//! The gate as a whole: scripted pins, a folder of pictures, orders.
