;; CRC-32C and CRC-64/NVME: workerd has no native implementation of them. After a change, assemble this file again:
;;   npx wat2wasm src/core/crc/crc.wat -o src/core/crc/crc.wasm
;;
;; Slice-by-16: table k holds the CRC of each byte followed by k zero bytes, so 16 bytes cost 16 independent loads.
;; Faster algorithms need carry-less multiplication, which WebAssembly lacks.
;;
;; Memory: 0x0000 CRC-32C tables (16 x 256 x i32), 0x4000 CRC-64/NVME tables (16 x 256 x i64), 0x10000 the slab (64 KiB) that the caller fills.
(module
  (memory (export "memory") 2 2)

  ;; Polynomials in reflected form: the lowest bit is the highest power.
  (global $crc32c_polynomial i32 (i32.const 0x82f63b78))
  (global $crc64nvme_polynomial i64 (i64.const 0x9a6c9329ac4bc9b5))

  (start $fill_tables)

  (func $fill_tables
    (local $i i32) (local $bit i32) (local $c32 i32) (local $c64 i64)
    ;; Table 0: one byte, eight single-bit steps.
    (loop $byte
      (local.set $c32 (local.get $i))
      (local.set $c64 (i64.extend_i32_u (local.get $i)))
      (local.set $bit (i32.const 8))
      (loop $step
        (local.set $c32 (i32.xor
          (i32.shr_u (local.get $c32) (i32.const 1))
          (i32.and (global.get $crc32c_polynomial) (i32.sub (i32.const 0) (i32.and (local.get $c32) (i32.const 1))))))
        (local.set $c64 (i64.xor
          (i64.shr_u (local.get $c64) (i64.const 1))
          (i64.and (global.get $crc64nvme_polynomial) (i64.sub (i64.const 0) (i64.and (local.get $c64) (i64.const 1))))))
        (br_if $step (local.tee $bit (i32.sub (local.get $bit) (i32.const 1)))))
      (i32.store (i32.shl (local.get $i) (i32.const 2)) (local.get $c32))
      (i64.store offset=0x4000 (i32.shl (local.get $i) (i32.const 3)) (local.get $c64))
      (br_if $byte (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 256))))
    ;; Table k: each entry of table k - 1, advanced by one zero byte.
    (loop $entry
      (local.set $c32 (i32.load (i32.shl (i32.sub (local.get $i) (i32.const 256)) (i32.const 2))))
      (local.set $c64 (i64.load offset=0x4000 (i32.shl (i32.sub (local.get $i) (i32.const 256)) (i32.const 3))))
      (i32.store (i32.shl (local.get $i) (i32.const 2)) (call $crc32c_byte (local.get $c32) (i32.const 0)))
      (i64.store offset=0x4000 (i32.shl (local.get $i) (i32.const 3)) (call $crc64nvme_byte (local.get $c64) (i64.const 0)))
      (br_if $entry (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4096)))))

  (func $crc32c_byte (param $crc i32) (param $byte i32) (result i32)
    (i32.xor
      (i32.shr_u (local.get $crc) (i32.const 8))
      (i32.load (i32.shl (i32.and (i32.xor (local.get $crc) (local.get $byte)) (i32.const 0xff)) (i32.const 2)))))

  (func $crc64nvme_byte (param $crc i64) (param $byte i64) (result i64)
    (i64.xor
      (i64.shr_u (local.get $crc) (i64.const 8))
      (i64.load offset=0x4000
        (i32.shl (i32.and (i32.wrap_i64 (i64.xor (local.get $crc) (local.get $byte))) (i32.const 0xff)) (i32.const 3)))))

  ;; Continues $crc with the first $length bytes of the slab.
  (func (export "crc32c") (param $crc i32) (param $length i32) (result i32)
    (local $at i32) (local $end i32) (local $a i32) (local $b i32) (local $c i32) (local $d i32)
    (local.set $crc (i32.xor (local.get $crc) (i32.const -1)))
    (local.set $at (i32.const 0x10000))
    (local.set $end (i32.add (local.get $at) (i32.and (local.get $length) (i32.const -16))))
    (block $blocks_done
      (loop $block
        (br_if $blocks_done (i32.eq (local.get $at) (local.get $end)))
        (local.set $a (i32.xor (i32.load (local.get $at)) (local.get $crc)))
        (local.set $b (i32.load offset=4 (local.get $at)))
        (local.set $c (i32.load offset=8 (local.get $at)))
        (local.set $d (i32.load offset=12 (local.get $at)))
        ;; The words that do not depend on the last step come first, so that their loads overlap with it.
        (i32.load offset=0x0000 (i32.and (i32.shr_u (local.get $d) (i32.const 22)) (i32.const 0x3fc)))
        (i32.xor (i32.load offset=0x0400 (i32.and (i32.shr_u (local.get $d) (i32.const 14)) (i32.const 0x3fc))))
        (i32.xor (i32.load offset=0x0800 (i32.and (i32.shr_u (local.get $d) (i32.const 6)) (i32.const 0x3fc))))
        (i32.xor (i32.load offset=0x0c00 (i32.and (i32.shl (local.get $d) (i32.const 2)) (i32.const 0x3fc))))
        (i32.xor (i32.load offset=0x1000 (i32.and (i32.shr_u (local.get $c) (i32.const 22)) (i32.const 0x3fc))))
        (i32.xor (i32.load offset=0x1400 (i32.and (i32.shr_u (local.get $c) (i32.const 14)) (i32.const 0x3fc))))
        (i32.xor (i32.load offset=0x1800 (i32.and (i32.shr_u (local.get $c) (i32.const 6)) (i32.const 0x3fc))))
        (i32.xor (i32.load offset=0x1c00 (i32.and (i32.shl (local.get $c) (i32.const 2)) (i32.const 0x3fc))))
        (i32.xor (i32.load offset=0x2000 (i32.and (i32.shr_u (local.get $b) (i32.const 22)) (i32.const 0x3fc))))
        (i32.xor (i32.load offset=0x2400 (i32.and (i32.shr_u (local.get $b) (i32.const 14)) (i32.const 0x3fc))))
        (i32.xor (i32.load offset=0x2800 (i32.and (i32.shr_u (local.get $b) (i32.const 6)) (i32.const 0x3fc))))
        (i32.xor (i32.load offset=0x2c00 (i32.and (i32.shl (local.get $b) (i32.const 2)) (i32.const 0x3fc))))
        (i32.xor (i32.load offset=0x3000 (i32.and (i32.shr_u (local.get $a) (i32.const 22)) (i32.const 0x3fc))))
        (i32.xor (i32.load offset=0x3400 (i32.and (i32.shr_u (local.get $a) (i32.const 14)) (i32.const 0x3fc))))
        (i32.xor (i32.load offset=0x3800 (i32.and (i32.shr_u (local.get $a) (i32.const 6)) (i32.const 0x3fc))))
        (i32.xor (i32.load offset=0x3c00 (i32.and (i32.shl (local.get $a) (i32.const 2)) (i32.const 0x3fc))))
        (local.set $crc)
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $block)))
    (local.set $end (i32.add (local.get $end) (i32.and (local.get $length) (i32.const 15))))
    (block $tail_done
      (loop $tail
        (br_if $tail_done (i32.eq (local.get $at) (local.get $end)))
        (local.set $crc (call $crc32c_byte (local.get $crc) (i32.load8_u (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $tail)))
    (i32.xor (local.get $crc) (i32.const -1)))

  ;; Continues $crc with the first $length bytes of the slab.
  (func (export "crc64nvme") (param $crc i64) (param $length i32) (result i64)
    (local $at i32) (local $end i32) (local $a i32) (local $b i32) (local $c i32) (local $d i32)
    (local.set $crc (i64.xor (local.get $crc) (i64.const -1)))
    (local.set $at (i32.const 0x10000))
    (local.set $end (i32.add (local.get $at) (i32.and (local.get $length) (i32.const -16))))
    (block $blocks_done
      (loop $block
        (br_if $blocks_done (i32.eq (local.get $at) (local.get $end)))
        (local.set $a (i32.xor (i32.load (local.get $at)) (i32.wrap_i64 (local.get $crc))))
        (local.set $b (i32.xor (i32.load offset=4 (local.get $at)) (i32.wrap_i64 (i64.shr_u (local.get $crc) (i64.const 32)))))
        (local.set $c (i32.load offset=8 (local.get $at)))
        (local.set $d (i32.load offset=12 (local.get $at)))
        (i64.load offset=0x4000 (i32.and (i32.shr_u (local.get $d) (i32.const 21)) (i32.const 0x7f8)))
        (i64.xor (i64.load offset=0x4800 (i32.and (i32.shr_u (local.get $d) (i32.const 13)) (i32.const 0x7f8))))
        (i64.xor (i64.load offset=0x5000 (i32.and (i32.shr_u (local.get $d) (i32.const 5)) (i32.const 0x7f8))))
        (i64.xor (i64.load offset=0x5800 (i32.and (i32.shl (local.get $d) (i32.const 3)) (i32.const 0x7f8))))
        (i64.xor (i64.load offset=0x6000 (i32.and (i32.shr_u (local.get $c) (i32.const 21)) (i32.const 0x7f8))))
        (i64.xor (i64.load offset=0x6800 (i32.and (i32.shr_u (local.get $c) (i32.const 13)) (i32.const 0x7f8))))
        (i64.xor (i64.load offset=0x7000 (i32.and (i32.shr_u (local.get $c) (i32.const 5)) (i32.const 0x7f8))))
        (i64.xor (i64.load offset=0x7800 (i32.and (i32.shl (local.get $c) (i32.const 3)) (i32.const 0x7f8))))
        (i64.xor (i64.load offset=0x8000 (i32.and (i32.shr_u (local.get $b) (i32.const 21)) (i32.const 0x7f8))))
        (i64.xor (i64.load offset=0x8800 (i32.and (i32.shr_u (local.get $b) (i32.const 13)) (i32.const 0x7f8))))
        (i64.xor (i64.load offset=0x9000 (i32.and (i32.shr_u (local.get $b) (i32.const 5)) (i32.const 0x7f8))))
        (i64.xor (i64.load offset=0x9800 (i32.and (i32.shl (local.get $b) (i32.const 3)) (i32.const 0x7f8))))
        (i64.xor (i64.load offset=0xa000 (i32.and (i32.shr_u (local.get $a) (i32.const 21)) (i32.const 0x7f8))))
        (i64.xor (i64.load offset=0xa800 (i32.and (i32.shr_u (local.get $a) (i32.const 13)) (i32.const 0x7f8))))
        (i64.xor (i64.load offset=0xb000 (i32.and (i32.shr_u (local.get $a) (i32.const 5)) (i32.const 0x7f8))))
        (i64.xor (i64.load offset=0xb800 (i32.and (i32.shl (local.get $a) (i32.const 3)) (i32.const 0x7f8))))
        (local.set $crc)
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $block)))
    (local.set $end (i32.add (local.get $end) (i32.and (local.get $length) (i32.const 15))))
    (block $tail_done
      (loop $tail
        (br_if $tail_done (i32.eq (local.get $at) (local.get $end)))
        (local.set $crc (call $crc64nvme_byte (local.get $crc) (i64.load8_u (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $tail)))
    (i64.xor (local.get $crc) (i64.const -1)))

  ;; The product of two polynomials modulo a third, all reflected; $one is the bit of x^0, the highest bit of the CRC.
  (func (export "multiply") (param $a i64) (param $b i64) (param $polynomial i64) (param $one i64) (result i64)
    (local $product i64)
    (loop $power
      (if (i64.ne (i64.and (local.get $a) (local.get $one)) (i64.const 0))
        (then (local.set $product (i64.xor (local.get $product) (local.get $b)))))
      (local.set $b (i64.xor
        (i64.shr_u (local.get $b) (i64.const 1))
        (i64.and (local.get $polynomial) (i64.sub (i64.const 0) (i64.and (local.get $b) (i64.const 1))))))
      (local.set $one (i64.shr_u (local.get $one) (i64.const 1)))
      (br_if $power (i64.ne (local.get $one) (i64.const 0))))
    (local.get $product)))
