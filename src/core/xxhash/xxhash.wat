;; XXH64, XXH3 with 64 bits and XXH3 with 128 bits, without a seed: workerd has no native implementation of them. The algorithms are
;; described in https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md. After a change, assemble this file again:
;;   npx wat2wasm src/core/xxhash/xxhash.wat -o src/core/xxhash/xxhash.wasm
;;
;; The module has no state of its own between two calls: the caller copies the state of a hash in, then up to 64 KiB of bytes, calls
;; `update64` or `update3`, and copies the state out.
;;
;; Memory: 0x00000 XXH3's secret (192 bytes)
;;         0x0feb8 the state: eight accumulators (XXH64 uses four), the number of bytes so far, and the last 256 bytes
;;         0x10000 the slab (64 KiB) that the caller fills
;; The last bytes stand directly before the slab, so that they and the new bytes are read as one byte string.
(module
  (memory (export "memory") 2 2)

  (data (i32.const 0)
    "\b8\fe\6c\39\23\a4\4b\be\7c\01\81\2c\f7\21\ad\1c\de\d4\6d\e9\83\90\97\db\72\40\a4\a4\b7\b3\67\1f"
    "\cb\79\e6\4e\cc\c0\e5\78\82\5a\d0\7d\cc\ff\72\21\b8\08\46\74\f7\43\24\8e\e0\35\90\e6\81\3a\26\4c"
    "\3c\28\52\bb\91\c3\00\cb\88\d0\65\8b\1b\53\2e\a3\71\64\48\97\a2\0d\f9\4e\38\19\ef\46\a9\de\ac\d8"
    "\a8\fa\76\3f\e3\9c\34\3f\f9\dc\bb\c7\c7\0b\4f\1d\8a\51\e0\4b\cd\b4\59\31\c8\9f\7e\c9\d9\78\73\64"
    "\ea\c5\ac\83\34\d3\eb\c3\c5\81\a0\ff\fa\13\63\eb\17\0d\dd\51\b7\f0\da\49\d3\16\55\26\29\d4\68\9e"
    "\2b\16\be\58\7d\47\a1\fc\8f\f8\b8\d1\7a\d0\31\ce\45\cb\3a\8f\95\16\04\28\af\d7\fb\ca\bb\4b\40\7e")

  (global $state i32 (i32.const 0xfeb8))
  (global $slab i32 (i32.const 0x10000))
  (global $p32_1 i64 (i64.const 0x9e3779b1))
  (global $p32_2 i64 (i64.const 0x85ebca77))
  (global $p32_3 i64 (i64.const 0xc2b2ae3d))
  (global $p1 i64 (i64.const 0x9e3779b185ebca87))
  (global $p2 i64 (i64.const 0xc2b2ae3d27d4eb4f))
  (global $p3 i64 (i64.const 0x165667b19e3779f9))
  (global $p4 i64 (i64.const 0x85ebca77c2b2ae63))
  (global $p5 i64 (i64.const 0x27d4eb2f165667c5))
  (global $mx1 i64 (i64.const 0x165667919e3779f9))
  (global $mx2 i64 (i64.const 0x9fb21c651e98df25))

  (func $total (result i64) (i64.load offset=64 (global.get $state)))

  ;; Stores the new total, and moves the last 256 bytes to their place before the slab.
  (func $keep (param $length i32)
    (i64.store offset=64 (global.get $state) (i64.add (call $total) (i64.extend_i32_u (local.get $length))))
    (memory.copy
      (i32.sub (global.get $slab) (i32.const 256))
      (i32.sub (i32.add (global.get $slab) (local.get $length)) (i32.const 256))
      (i32.const 256)))

  ;; ---- XXH64 ----

  (func (export "start64")
    (i64.store (global.get $state) (i64.add (global.get $p1) (global.get $p2)))
    (i64.store offset=8 (global.get $state) (global.get $p2))
    (i64.store offset=16 (global.get $state) (i64.const 0))
    (i64.store offset=24 (global.get $state) (i64.sub (i64.const 0) (global.get $p1)))
    (i64.store offset=64 (global.get $state) (i64.const 0)))

  (func $round64 (param $acc i64) (param $input i64) (result i64)
    (i64.mul
      (i64.rotl (i64.add (local.get $acc) (i64.mul (local.get $input) (global.get $p2))) (i64.const 31))
      (global.get $p1)))

  ;; Adds the first $length bytes of the slab, in stripes of 32 bytes.
  (func (export "update64") (param $length i32)
    (local $at i32) (local $end i32) (local $a i64) (local $b i64) (local $c i64) (local $d i64)
    (local.set $at (i32.sub (global.get $slab) (i32.wrap_i64 (i64.and (call $total) (i64.const 31)))))
    (local.set $end (i32.add (global.get $slab) (local.get $length)))
    (local.set $a (i64.load (global.get $state)))
    (local.set $b (i64.load offset=8 (global.get $state)))
    (local.set $c (i64.load offset=16 (global.get $state)))
    (local.set $d (i64.load offset=24 (global.get $state)))
    (block $done
      (loop $stripe
        (br_if $done (i32.gt_u (i32.add (local.get $at) (i32.const 32)) (local.get $end)))
        (local.set $a (call $round64 (local.get $a) (i64.load (local.get $at))))
        (local.set $b (call $round64 (local.get $b) (i64.load offset=8 (local.get $at))))
        (local.set $c (call $round64 (local.get $c) (i64.load offset=16 (local.get $at))))
        (local.set $d (call $round64 (local.get $d) (i64.load offset=24 (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 32)))
        (br $stripe)))
    (i64.store (global.get $state) (local.get $a))
    (i64.store offset=8 (global.get $state) (local.get $b))
    (i64.store offset=16 (global.get $state) (local.get $c))
    (i64.store offset=24 (global.get $state) (local.get $d))
    (call $keep (local.get $length)))

  (func $merge64 (param $hash i64) (param $acc i64) (result i64)
    (i64.add
      (i64.mul (i64.xor (local.get $hash) (call $round64 (i64.const 0) (local.get $acc))) (global.get $p1))
      (global.get $p4)))

  (func $converge64 (result i64)
    (local $a i64) (local $b i64) (local $c i64) (local $d i64)
    (if (i64.lt_u (call $total) (i64.const 32)) (then (return (global.get $p5))))
    (local.set $a (i64.load (global.get $state)))
    (local.set $b (i64.load offset=8 (global.get $state)))
    (local.set $c (i64.load offset=16 (global.get $state)))
    (local.set $d (i64.load offset=24 (global.get $state)))
    (i64.add
      (i64.add (i64.rotl (local.get $a) (i64.const 1)) (i64.rotl (local.get $b) (i64.const 7)))
      (i64.add (i64.rotl (local.get $c) (i64.const 12)) (i64.rotl (local.get $d) (i64.const 18))))
    (call $merge64 (local.get $a))
    (call $merge64 (local.get $b))
    (call $merge64 (local.get $c))
    (call $merge64 (local.get $d)))

  (func (export "finish64") (result i64)
    (local $hash i64) (local $at i32)
    (local.set $hash (i64.add (call $converge64) (call $total)))
    (local.set $at (i32.sub (global.get $slab) (i32.wrap_i64 (i64.and (call $total) (i64.const 31)))))
    (block $words_done
      (loop $word
        (br_if $words_done (i32.gt_u (i32.add (local.get $at) (i32.const 8)) (global.get $slab)))
        (local.set $hash (i64.add
          (i64.mul
            (i64.rotl (i64.xor (local.get $hash) (call $round64 (i64.const 0) (i64.load (local.get $at)))) (i64.const 27))
            (global.get $p1))
          (global.get $p4)))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $word)))
    (if (i32.le_u (i32.add (local.get $at) (i32.const 4)) (global.get $slab)) (then
      (local.set $hash (i64.add
        (i64.mul
          (i64.rotl (i64.xor (local.get $hash) (i64.mul (i64.load32_u (local.get $at)) (global.get $p1))) (i64.const 23))
          (global.get $p2))
        (global.get $p3)))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))))
    (block $bytes_done
      (loop $byte
        (br_if $bytes_done (i32.ge_u (local.get $at) (global.get $slab)))
        (local.set $hash (i64.mul
          (i64.rotl (i64.xor (local.get $hash) (i64.mul (i64.load8_u (local.get $at)) (global.get $p5))) (i64.const 11))
          (global.get $p1)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $byte)))
    (call $avalanche64 (local.get $hash)))

  (func $avalanche64 (param $h i64) (result i64)
    (local.set $h (i64.mul (i64.xor (local.get $h) (i64.shr_u (local.get $h) (i64.const 33))) (global.get $p2)))
    (local.set $h (i64.mul (i64.xor (local.get $h) (i64.shr_u (local.get $h) (i64.const 29))) (global.get $p3)))
    (i64.xor (local.get $h) (i64.shr_u (local.get $h) (i64.const 32))))

  ;; ---- XXH3, 64 and 128 bits: the same state, two ways to finish ----

  (func (export "start3")
    (i64.store (global.get $state) (global.get $p32_3))
    (i64.store offset=8 (global.get $state) (global.get $p1))
    (i64.store offset=16 (global.get $state) (global.get $p2))
    (i64.store offset=24 (global.get $state) (global.get $p3))
    (i64.store offset=32 (global.get $state) (global.get $p4))
    (i64.store offset=40 (global.get $state) (global.get $p32_2))
    (i64.store offset=48 (global.get $state) (global.get $p5))
    (i64.store offset=56 (global.get $state) (global.get $p32_1))
    (i64.store offset=64 (global.get $state) (i64.const 0)))

  ;; How many stripes of 64 bytes are in the accumulators. A stripe is added once a byte follows it. Up to 240 bytes are hashed otherwise.
  (func $stripes (result i64)
    (if (i64.le_u (call $total) (i64.const 240)) (then (return (i64.const 0))))
    (i64.shr_u (i64.sub (call $total) (i64.const 1)) (i64.const 6)))

  ;; Adds the first $length bytes of the slab. After each 16 stripes the accumulators are scrambled.
  (func (export "update3") (param $length i32)
    (local $at i32) (local $end i32) (local $stripe i32)
    (local.set $stripe (i32.and (i32.wrap_i64 (call $stripes)) (i32.const 15)))
    (local.set $at (i32.sub (global.get $slab)
      (i32.wrap_i64 (i64.sub (call $total) (i64.shl (call $stripes) (i64.const 6))))))
    (local.set $end (i32.add (global.get $slab) (local.get $length)))
    (if (i64.gt_u (i64.add (call $total) (i64.extend_i32_u (local.get $length))) (i64.const 240)) (then
      (block $done
        (loop $next
          (br_if $done (i32.le_u (i32.sub (local.get $end) (local.get $at)) (i32.const 64)))
          (call $accumulate (local.get $at) (i32.shl (local.get $stripe) (i32.const 3)))
          (local.set $stripe (i32.and (i32.add (local.get $stripe) (i32.const 1)) (i32.const 15)))
          (if (i32.eqz (local.get $stripe)) (then (call $scramble)))
          (local.set $at (i32.add (local.get $at) (i32.const 64)))
          (br $next)))))
    (call $keep (local.get $length)))

  ;; Adds one stripe, two lanes at a time.
  (func $accumulate (param $at i32) (param $secret i32)
    (local $acc i32) (local $data v128) (local $keyed v128)
    (local.set $acc (global.get $state))
    (loop $lanes
      (local.set $data (v128.load (local.get $at)))
      (local.set $keyed (v128.xor (local.get $data) (v128.load (local.get $secret))))
      (v128.store (local.get $acc) (i64x2.add
        (i64x2.add
          (v128.load (local.get $acc))
          ;; The neighbour's data.
          (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $data) (local.get $data)))
        ;; The low half of each lane times its high half.
        (i64x2.extmul_low_i32x4_u
          (i8x16.shuffle 0 1 2 3 8 9 10 11 0 1 2 3 8 9 10 11 (local.get $keyed) (local.get $keyed))
          (i8x16.shuffle 4 5 6 7 12 13 14 15 4 5 6 7 12 13 14 15 (local.get $keyed) (local.get $keyed)))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (local.set $secret (i32.add (local.get $secret) (i32.const 16)))
      (local.set $acc (i32.add (local.get $acc) (i32.const 16)))
      (br_if $lanes (i32.lt_u (local.get $acc) (i32.add (global.get $state) (i32.const 64))))))

  (func $scramble
    (local $at i32) (local $acc i64)
    (loop $lane
      (local.set $acc (i64.load (i32.add (global.get $state) (local.get $at))))
      (i64.store (i32.add (global.get $state) (local.get $at))
        (i64.mul
          (i64.xor
            (i64.xor (local.get $acc) (i64.shr_u (local.get $acc) (i64.const 47)))
            (i64.load offset=128 (local.get $at)))
          (global.get $p32_1)))
      (br_if $lane (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 64)))))

  ;; The high half of a product of 64 by 64 bits.
  (func $mul_high (param $a i64) (param $b i64) (result i64)
    (local $a1 i64) (local $b1 i64) (local $middle i64) (local $carry i64)
    (local.set $a1 (i64.shr_u (local.get $a) (i64.const 32)))
    (local.set $b1 (i64.shr_u (local.get $b) (i64.const 32)))
    (local.set $a (i64.and (local.get $a) (i64.const 0xffffffff)))
    (local.set $b (i64.and (local.get $b) (i64.const 0xffffffff)))
    (local.set $middle (i64.add
      (i64.mul (local.get $a1) (local.get $b))
      (i64.shr_u (i64.mul (local.get $a) (local.get $b)) (i64.const 32))))
    (local.set $carry (i64.add
      (i64.mul (local.get $a) (local.get $b1))
      (i64.and (local.get $middle) (i64.const 0xffffffff))))
    (i64.add
      (i64.mul (local.get $a1) (local.get $b1))
      (i64.add (i64.shr_u (local.get $middle) (i64.const 32)) (i64.shr_u (local.get $carry) (i64.const 32)))))

  (func $fold (param $a i64) (param $b i64) (result i64)
    (i64.xor (i64.mul (local.get $a) (local.get $b)) (call $mul_high (local.get $a) (local.get $b))))

  (func $avalanche (param $h i64) (result i64)
    (local.set $h (i64.mul (i64.xor (local.get $h) (i64.shr_u (local.get $h) (i64.const 37))) (global.get $mx1)))
    (i64.xor (local.get $h) (i64.shr_u (local.get $h) (i64.const 32))))

  (func $swap64 (param $x i64) (result i64)
    (local.set $x (i64.or
      (i64.and (i64.shr_u (local.get $x) (i64.const 8)) (i64.const 0x00ff00ff00ff00ff))
      (i64.shl (i64.and (local.get $x) (i64.const 0x00ff00ff00ff00ff)) (i64.const 8))))
    (local.set $x (i64.or
      (i64.and (i64.shr_u (local.get $x) (i64.const 16)) (i64.const 0x0000ffff0000ffff))
      (i64.shl (i64.and (local.get $x) (i64.const 0x0000ffff0000ffff)) (i64.const 16))))
    (i64.rotl (local.get $x) (i64.const 32)))

  ;; The exclusive or of two neighbouring words of the secret.
  (func $flip (param $secret i32) (result i64)
    (i64.xor (i64.load (local.get $secret)) (i64.load offset=8 (local.get $secret))))

  (func $mix16 (param $at i32) (param $secret i32) (result i64)
    (call $fold
      (i64.xor (i64.load (local.get $at)) (i64.load (local.get $secret)))
      (i64.xor (i64.load offset=8 (local.get $at)) (i64.load offset=8 (local.get $secret)))))

  (func $merge (param $start i64) (param $secret i32) (result i64)
    (local $acc i32)
    (local.set $acc (global.get $state))
    (loop $pair
      (local.set $start (i64.add (local.get $start) (call $mix16 (local.get $acc) (local.get $secret))))
      (local.set $secret (i32.add (local.get $secret) (i32.const 16)))
      (local.set $acc (i32.add (local.get $acc) (i32.const 16)))
      (br_if $pair (i32.lt_u (local.get $acc) (i32.add (global.get $state) (i32.const 64)))))
    (call $avalanche (local.get $start)))

  ;; One to three bytes as 32 bits, with their number.
  (func $combined (param $at i32) (param $length i32) (result i32)
    (i32.or
      (i32.or
        (i32.shl (i32.load8_u (local.get $at)) (i32.const 16))
        (i32.shl (i32.load8_u (i32.add (local.get $at) (i32.shr_u (local.get $length) (i32.const 1)))) (i32.const 24)))
      (i32.or
        (i32.load8_u (i32.sub (global.get $slab) (i32.const 1)))
        (i32.shl (local.get $length) (i32.const 8)))))

  ;; ---- XXH3 with 64 bits ----

  (func (export "finish3") (result i64)
    (local $length i32) (local $at i32)
    (if (i64.gt_u (call $total) (i64.const 240)) (then
      (call $accumulate (i32.sub (global.get $slab) (i32.const 64)) (i32.const 121))
      (return (call $merge (i64.mul (call $total) (global.get $p1)) (i32.const 11)))))
    (local.set $length (i32.wrap_i64 (call $total)))
    (local.set $at (i32.sub (global.get $slab) (local.get $length)))
    (if (i32.gt_u (local.get $length) (i32.const 128)) (then (return (call $up_to_240 (local.get $at) (local.get $length)))))
    (if (i32.gt_u (local.get $length) (i32.const 16)) (then (return (call $up_to_128 (local.get $at) (local.get $length)))))
    (if (i32.gt_u (local.get $length) (i32.const 8)) (then (return (call $up_to_16 (local.get $at)))))
    (if (i32.gt_u (local.get $length) (i32.const 3)) (then (return (call $up_to_8 (local.get $at)))))
    (if (local.get $length) (then
      (return (call $avalanche64 (i64.xor
        (i64.extend_i32_u (call $combined (local.get $at) (local.get $length)))
        (i64.extend_i32_u (i32.xor (i32.load (i32.const 0)) (i32.load (i32.const 4)))))))))
    (call $avalanche64 (call $flip (i32.const 56))))

  (func $up_to_8 (param $at i32) (result i64)
    (local $h i64)
    (local.set $h (i64.xor
      (i64.add
        (i64.load32_u (i32.sub (global.get $slab) (i32.const 4)))
        (i64.shl (i64.load32_u (local.get $at)) (i64.const 32)))
      (call $flip (i32.const 8))))
    (local.set $h (i64.mul
      (i64.xor (local.get $h) (i64.xor (i64.rotl (local.get $h) (i64.const 49)) (i64.rotl (local.get $h) (i64.const 24))))
      (global.get $mx2)))
    (local.set $h (i64.mul
      (i64.xor (local.get $h) (i64.add (i64.shr_u (local.get $h) (i64.const 35)) (call $total)))
      (global.get $mx2)))
    (i64.xor (local.get $h) (i64.shr_u (local.get $h) (i64.const 28))))

  (func $up_to_16 (param $at i32) (result i64)
    (local $low i64) (local $high i64)
    (local.set $low (i64.xor (i64.load (local.get $at)) (call $flip (i32.const 24))))
    (local.set $high (i64.xor (i64.load (i32.sub (global.get $slab) (i32.const 8))) (call $flip (i32.const 40))))
    (call $avalanche (i64.add
      (i64.add (call $total) (call $swap64 (local.get $low)))
      (i64.add (local.get $high) (call $fold (local.get $low) (local.get $high))))))

  ;; From both ends to the middle, 16 bytes at a time.
  (func $up_to_128 (param $at i32) (param $length i32) (result i64)
    (local $i i32) (local $acc i64)
    (local.set $acc (i64.mul (call $total) (global.get $p1)))
    (loop $pair
      (local.set $acc (i64.add (local.get $acc) (i64.add
        (call $mix16 (i32.add (local.get $at) (local.get $i)) (i32.shl (local.get $i) (i32.const 1)))
        (call $mix16
          (i32.sub (i32.sub (global.get $slab) (i32.const 16)) (local.get $i))
          (i32.add (i32.shl (local.get $i) (i32.const 1)) (i32.const 16))))))
      (local.set $i (i32.add (local.get $i) (i32.const 16)))
      (br_if $pair (i32.gt_u (local.get $length) (i32.shl (local.get $i) (i32.const 1)))))
    (call $avalanche (local.get $acc)))

  (func $up_to_240 (param $at i32) (param $length i32) (result i64)
    (local $i i32) (local $acc i64)
    (local.set $acc (i64.mul (call $total) (global.get $p1)))
    (loop $first
      (local.set $acc (i64.add (local.get $acc) (call $mix16 (i32.add (local.get $at) (local.get $i)) (local.get $i))))
      (br_if $first (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (i32.const 128))))
    (local.set $acc (i64.add
      (call $avalanche (local.get $acc))
      (call $mix16 (i32.sub (global.get $slab) (i32.const 16)) (i32.const 119))))
    (block $done
      (loop $next
        (br_if $done (i32.gt_u (i32.add (local.get $i) (i32.const 16)) (local.get $length)))
        (local.set $acc (i64.add (local.get $acc)
          (call $mix16 (i32.add (local.get $at) (local.get $i)) (i32.sub (local.get $i) (i32.const 125)))))
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (br $next)))
    (call $avalanche (local.get $acc)))

  ;; ---- XXH3 with 128 bits: each function returns the low half, then the high half ----

  (func (export "finish128") (result i64 i64)
    (local $length i32) (local $at i32)
    (if (i64.gt_u (call $total) (i64.const 240)) (then
      (call $accumulate (i32.sub (global.get $slab) (i32.const 64)) (i32.const 121))
      (call $merge (i64.mul (call $total) (global.get $p1)) (i32.const 11))
      (call $merge (i64.xor (i64.mul (call $total) (global.get $p2)) (i64.const -1)) (i32.const 117))
      (return)))
    (local.set $length (i32.wrap_i64 (call $total)))
    (local.set $at (i32.sub (global.get $slab) (local.get $length)))
    (if (i32.gt_u (local.get $length) (i32.const 128)) (then (return (call $wide_up_to_240 (local.get $at) (local.get $length)))))
    (if (i32.gt_u (local.get $length) (i32.const 16)) (then (return (call $wide_up_to_128 (local.get $at) (local.get $length)))))
    (if (i32.gt_u (local.get $length) (i32.const 8)) (then (return (call $wide_up_to_16 (local.get $at)))))
    (if (i32.gt_u (local.get $length) (i32.const 3)) (then (return (call $wide_up_to_8 (local.get $at)))))
    (if (local.get $length) (then (return (call $wide_up_to_3 (call $combined (local.get $at) (local.get $length))))))
    (call $avalanche64 (call $flip (i32.const 64)))
    (call $avalanche64 (call $flip (i32.const 80))))

  (func $wide_up_to_3 (param $low i32) (result i64 i64)
    (local $high i32)
    (local.set $high (i32.rotl
      (i32.wrap_i64 (i64.shr_u (call $swap64 (i64.extend_i32_u (local.get $low))) (i64.const 32)))
      (i32.const 13)))
    (call $avalanche64 (i64.extend_i32_u (i32.xor (local.get $low) (i32.xor (i32.load (i32.const 0)) (i32.load (i32.const 4))))))
    (call $avalanche64 (i64.extend_i32_u (i32.xor (local.get $high) (i32.xor (i32.load (i32.const 8)) (i32.load (i32.const 12)))))))

  (func $wide_up_to_8 (param $at i32) (result i64 i64)
    (local $keyed i64) (local $factor i64) (local $low i64) (local $high i64)
    (local.set $keyed (i64.xor
      (i64.add
        (i64.load32_u (local.get $at))
        (i64.shl (i64.load32_u (i32.sub (global.get $slab) (i32.const 4))) (i64.const 32)))
      (call $flip (i32.const 16))))
    (local.set $factor (i64.add (global.get $p1) (i64.shl (call $total) (i64.const 2))))
    (local.set $low (i64.mul (local.get $keyed) (local.get $factor)))
    (local.set $high (i64.add
      (call $mul_high (local.get $keyed) (local.get $factor))
      (i64.shl (local.get $low) (i64.const 1))))
    (local.set $low (i64.xor (local.get $low) (i64.shr_u (local.get $high) (i64.const 3))))
    (local.set $low (i64.mul (i64.xor (local.get $low) (i64.shr_u (local.get $low) (i64.const 35))) (global.get $mx2)))
    (i64.xor (local.get $low) (i64.shr_u (local.get $low) (i64.const 28)))
    (call $avalanche (local.get $high)))

  (func $wide_up_to_16 (param $at i32) (result i64 i64)
    (local $mixed i64) (local $last i64) (local $low i64) (local $high i64)
    (local.set $last (i64.load (i32.sub (global.get $slab) (i32.const 8))))
    (local.set $mixed (i64.xor (i64.xor (i64.load (local.get $at)) (local.get $last)) (call $flip (i32.const 32))))
    (local.set $last (i64.xor (local.get $last) (call $flip (i32.const 48))))
    (local.set $low (i64.add
      (i64.mul (local.get $mixed) (global.get $p1))
      (i64.shl (i64.sub (call $total) (i64.const 1)) (i64.const 54))))
    (local.set $high (i64.add
      (call $mul_high (local.get $mixed) (global.get $p1))
      (i64.add
        (local.get $last)
        (i64.mul (i64.and (local.get $last) (i64.const 0xffffffff)) (i64.sub (global.get $p32_2) (i64.const 1))))))
    (local.set $low (i64.xor (local.get $low) (call $swap64 (local.get $high))))
    (call $avalanche (i64.mul (local.get $low) (global.get $p2)))
    (call $avalanche (i64.add
      (call $mul_high (local.get $low) (global.get $p2))
      (i64.mul (local.get $high) (global.get $p2)))))

  (func $mix32_low (param $low i64) (param $first i32) (param $second i32) (param $secret i32) (result i64)
    (i64.xor
      (i64.add (local.get $low) (call $mix16 (local.get $first) (local.get $secret)))
      (i64.add (i64.load (local.get $second)) (i64.load offset=8 (local.get $second)))))

  (func $wide_up_to_128 (param $at i32) (param $length i32) (result i64 i64)
    (local $low i64) (local $high i64) (local $i i32) (local $first i32) (local $second i32) (local $secret i32)
    (local.set $low (i64.mul (call $total) (global.get $p1)))
    ;; From the middle to both ends.
    (local.set $i (i32.and (i32.shr_u (i32.sub (local.get $length) (i32.const 1)) (i32.const 1)) (i32.const 0x70)))
    (loop $pair
      (local.set $first (i32.add (local.get $at) (local.get $i)))
      (local.set $second (i32.sub (i32.sub (global.get $slab) (i32.const 16)) (local.get $i)))
      (local.set $secret (i32.shl (local.get $i) (i32.const 1)))
      (local.set $low (call $mix32_low (local.get $low) (local.get $first) (local.get $second) (local.get $secret)))
      (local.set $high
        (call $mix32_low (local.get $high) (local.get $second) (local.get $first) (i32.add (local.get $secret) (i32.const 16))))
      (br_if $pair (i32.ge_s (local.tee $i (i32.sub (local.get $i) (i32.const 16))) (i32.const 0))))
    (call $wide_finish (local.get $low) (local.get $high)))

  (func $wide_up_to_240 (param $at i32) (param $length i32) (result i64 i64)
    (local $low i64) (local $high i64) (local $i i32) (local $first i32) (local $secret i32)
    (local.set $low (i64.mul (call $total) (global.get $p1)))
    (loop $pair
      (local.set $first (i32.add (local.get $at) (local.get $i)))
      (local.set $secret (select (local.get $i) (i32.sub (local.get $i) (i32.const 125)) (i32.lt_u (local.get $i) (i32.const 128))))
      (local.set $low
        (call $mix32_low (local.get $low) (local.get $first) (i32.add (local.get $first) (i32.const 16)) (local.get $secret)))
      (local.set $high
        (call $mix32_low (local.get $high) (i32.add (local.get $first) (i32.const 16)) (local.get $first)
          (i32.add (local.get $secret) (i32.const 16))))
      (local.set $i (i32.add (local.get $i) (i32.const 32)))
      (if (i32.eq (local.get $i) (i32.const 128)) (then
        (local.set $low (call $avalanche (local.get $low)))
        (local.set $high (call $avalanche (local.get $high)))))
      (br_if $pair (i32.le_u (i32.add (local.get $i) (i32.const 32)) (local.get $length))))
    (local.set $first (i32.sub (global.get $slab) (i32.const 16)))
    (local.set $low (call $mix32_low (local.get $low) (local.get $first) (i32.sub (local.get $first) (i32.const 16)) (i32.const 103)))
    (local.set $high (call $mix32_low (local.get $high) (i32.sub (local.get $first) (i32.const 16)) (local.get $first) (i32.const 119)))
    (call $wide_finish (local.get $low) (local.get $high)))

  (func $wide_finish (param $low i64) (param $high i64) (result i64 i64)
    (call $avalanche (i64.add (local.get $low) (local.get $high)))
    (i64.sub (i64.const 0) (call $avalanche (i64.add
      (i64.add (i64.mul (local.get $low) (global.get $p1)) (i64.mul (local.get $high) (global.get $p4)))
      (i64.mul (call $total) (global.get $p2)))))))
