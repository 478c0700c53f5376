// SPDX-License-Identifier: MIT
//! The operations of a region, one after the other.

use zinc_core::SharedRegion;
use zinc_core::ZincError;

#[rustfmt::skip]
fn main() -> Result<(), ZincError> {
    let region = SharedRegion::create("my-data", 65536)?;
    {
        let region = SharedRegion::open("my-data")?;

        let ptr = region.as_ptr();
        unsafe { *ptr = 42 };

        let cap = region.capacity();
        println!("{cap} bytes");

        region.notify();

        match region.wait(1000) {
            Ok(()) => println!("data available"),
            Err(ZincError::TimedOut) => println!("no update within 1s"),
            Err(e) => eprintln!("error: {e}"),
        }
    }
    println!("the first byte is {}", unsafe { *region.as_ptr() });

    {
        let region = SharedRegion::create("temp", 65536)?;
        // region is active here
        region.notify();
    }
    // region is closed and unlinked
    println!("temp: {}", SharedRegion::open("temp").unwrap_err());
    Ok(())
}
