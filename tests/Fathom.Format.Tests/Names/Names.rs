// One function for each thing that a Rust name can hold. The pairs in Names.pairs are made of it by Names.sh.
#![allow(dead_code, mixed_script_confusables, uncommon_codepoints)]
#![crate_name = "sample"]

use std::fmt::{Debug, Display};
use std::hint::black_box;

mod inner {
    pub struct Pair<A, B>(pub A, pub B);

    impl<A: Clone, B> Pair<A, B> {
        #[inline(never)]
        pub fn first(&self) -> A {
            self.0.clone()
        }
    }

    pub trait Shape {
        fn area(&self) -> f64;
    }

    pub struct Square<const N: usize>;

    impl<const N: usize> Shape for Square<N> {
        #[inline(never)]
        fn area(&self) -> f64 {
            N as f64
        }
    }

    impl<T: Shape> Shape for [T] {
        #[inline(never)]
        fn area(&self) -> f64 {
            self.iter().map(|x| x.area()).sum()
        }
    }

    impl<'a> Shape for &'a str {
        #[inline(never)]
        fn area(&self) -> f64 {
            self.len() as f64
        }
    }
}

use inner::*;

#[inline(never)]
fn apply<F: Fn(u8) -> u16>(f: F) -> u16 {
    f(black_box(3))
}

#[inline(never)]
fn dynamic(x: &dyn Shape, y: &mut (dyn Iterator<Item = u8> + Send)) -> f64 {
    x.area() + y.next().unwrap() as f64
}

#[inline(never)]
fn constants<T: Debug, const B: bool, const C: char, const I: i32>(t: T) -> String {
    format!("{:?}{}{}{}", t, B, C, I)
}

#[inline(never)]
fn kind<T: ?Sized>(x: &T) -> usize {
    std::mem::size_of_val(black_box(x))
}

#[inline(never)]
fn größe(x: i32) -> i32 {
    black_box(x) * 2
}

#[inline(never)]
fn наблюдение(x: i32) -> i32 {
    black_box(x) * 3
}

#[inline(never)]
fn show<T: Display + ?Sized>(t: &T) -> String {
    t.to_string()
}

fn same_byte(x: &u8) -> &u8 {
    x
}

fn never() -> ! {
    loop {}
}

extern "C" fn foreign(_: i32, _: *const u8) -> bool {
    true
}

unsafe fn careless(_: &mut [i8], _: *mut f32) {}

fn main() {
    println!("{}", Pair(1u8, "a").first());
    println!("{:?}", Pair(vec![1i64], (1u8, 'c')).first());
    println!("{}", apply(|x| x as u16 + black_box(1)));
    println!("{}", dynamic(&Square::<7>, &mut vec![1u8].into_iter()));
    println!("{}", constants::<_, true, 'x', -5>(Some(3u128)));
    println!("{}", constants::<(), false, '\n', 70000>(()));
    println!("{}", kind::<extern "C" fn(i32, *const u8) -> bool>(&(foreign as extern "C" fn(i32, *const u8) -> bool)));
    println!("{}", kind::<for<'a> fn(&'a str) -> &'a str>(&((|x| x) as for<'a> fn(&'a str) -> &'a str)));
    println!("{}", kind::<unsafe fn(&mut [i8], *mut f32)>(&(careless as unsafe fn(&mut [i8], *mut f32))));
    println!("{}", kind::<fn() -> !>(&(never as fn() -> !)));
    println!("{}", kind::<[u16; 4]>(&[0; 4]));
    println!("{}", kind::<[u16]>(&[0; 4]));
    println!("{}", kind::<(u8,)>(&(1,)));
    println!("{}", kind::<(i8, i16, i32, isize, usize, u64, u128, i128, f32, f64)>(&(1, 2, 3, 4, 5, 6, 7, 8, 9.0, 1.0)));
    println!("{}", kind::<Box<dyn for<'a> Fn(&'a u8) -> &'a u8 + Send>>(&(Box::new(same_byte) as Box<dyn for<'a> Fn(&'a u8) -> &'a u8 + Send>)));
    println!("{} {}", größe(2), наблюдение(4));
    println!("{} {}", show("x"), show(&1u8));
    println!("{}", [Square::<3>, Square::<3>].area() + (&"text").area());
    std::thread::spawn(move || println!("{}", apply(|y| y as u16))).join().unwrap();
}
