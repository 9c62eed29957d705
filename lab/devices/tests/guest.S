/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (c) 2026 the vmguest authors */
/*
 * A guest without an operating system, for testing the plugin in QEMU: runs a known number of
 * instructions where Linux has its modules, on one or two CPUs, and a known number of accesses of
 * the vmguest-test device in PCI slot 5. It talks to the test through the vmguest-test port.
 *
 * Booted by PVH: 32-bit protected mode, no paging, loaded at 1 MiB.
 */

#define PORT		0x5e0		/* vmguest-test-port's echo */
#define REGISTERS	0x5e4		/* and its window to the registers */
#define HIGH		0xffffffffc0000000	/* maps physical address 0 */
#define TABLES		0x200000	/* page tables: one zeroed page after the other */
#define PML4		(TABLES)
#define PDPT_LOW	(TABLES + 0x1000)
#define PDPT_HIGH	(TABLES + 0x2000)
#define PD_HIGH		(TABLES + 0x3000)
#define PD_LOW		(TABLES + 0x4000)	/* four pages: 4 GiB */
#define TRAMPOLINE	0x8000
#define APIC_ICR	0xfee00300
#define CONFIG		0x80002800	/* slot 5's configuration space */

/* What the test port holds: orders of the test, then our answers. */
#define GO_ONE_CPU	1
#define GO_TWO_CPUS	2
#define GO_DEVICE	3
#define GO_REGISTERS	4
#define DONE		100
#define FAILED		101

	.section .note.pvh, "a", @note
	.long 4, 4, 18			/* "Xen", 32-bit address, PHYS32_ENTRY */
	.asciz "Xen"
	.long start32

	.text
	.code32
	.globl start32
start32:
	mov $0x300000, %esp
	movl $(PDPT_LOW + 3), PML4
	movl $(PDPT_HIGH + 3), PML4 + 511 * 8
	movl $(PD_HIGH + 3), PDPT_HIGH + 511 * 8
	movl $0x83, PD_HIGH		/* a 2 MiB page */
	mov $(PD_LOW + 3), %eax
	xor %ecx, %ecx
1:	mov %eax, PDPT_LOW(, %ecx, 8)
	add $0x1000, %eax
	inc %ecx
	cmp $4, %ecx
	jne 1b
	mov $0x83, %eax
	xor %ecx, %ecx
2:	mov %eax, PD_LOW(, %ecx, 8)
	add $0x200000, %eax
	inc %ecx
	cmp $2048, %ecx
	jne 2b
	mov $boot_cpu, %ebx
	jmp long_mode

	/* The second CPU comes here from its trampoline. */
second32:
	mov $0x10, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $0x308000, %esp
	mov $second_cpu, %ebx

	/* EBX: where to go on, by its low address */
long_mode:
	lgdt gdt_pointer
	mov $PML4, %eax
	mov %eax, %cr3
	mov $0x20, %eax			/* PAE */
	mov %eax, %cr4
	mov $0xc0000080, %ecx		/* EFER.LME */
	rdmsr
	or $0x100, %eax
	wrmsr
	mov %cr0, %eax
	or $0x80000001, %eax
	mov %eax, %cr0
	ljmp $0x18, $1f
	.code64
1:	jmp *%rbx

boot_cpu:
	mov $PORT, %edx
	in %dx, %eax
	cmp $GO_ONE_CPU, %eax
	je work_alone
	cmp $GO_TWO_CPUS, %eax
	je work_together
	cmp $GO_DEVICE, %eax
	je access_device
	cmp $GO_REGISTERS, %eax
	je access_registers
	jmp boot_cpu

	/* EAX: the answer */
answer:
	mov $PORT, %edx
	out %eax, %dx
	jmp boot_cpu

work_alone:
	mov $(HIGH + work), %rax
	call *%rax
	mov $DONE, %eax
	jmp answer

work_together:
	movl $0, finished
	mov $trampoline, %esi
	mov $TRAMPOLINE, %edi
	mov $(trampoline_end - trampoline), %ecx
	rep movsb
	mov $APIC_ICR, %ebx
	movl $0xc4500, (%rbx)		/* INIT, then STARTUP, to all others */
	movl $(0xc4600 + (TRAMPOLINE >> 12)), (%rbx)
	mov $(HIGH + work), %rax
	call *%rax
1:	cmpl $1, finished
	jne 1b
	mov $DONE, %eax
	jmp answer

second_cpu:
	mov $(HIGH + work), %rax
	call *%rax
	lock incl finished
1:	cli
	hlt
	jmp 1b

	/* EAX: offset; reads configuration space into EAX */
read_config:
	or $CONFIG, %eax
	mov $0xcf8, %edx
	out %eax, %dx
	mov $0xcfc, %edx
	in %dx, %eax
	ret

	/* 5 port reads, 7 memory reads, 10 memory writes; SeaBIOS has placed the BARs */
access_device:
	mov $0x10, %eax
	call read_config
	and $~3, %eax
	mov %eax, %edx
	.rept 5
	in %dx, %eax
	.endr
	cmp $0x7e571234, %eax
	jne failed
	mov $0x14, %eax
	call read_config
	and $~15, %eax
	mov %eax, %ebx
	mov $10, %ecx
1:	mov %ecx, 4(%rbx)
	dec %ecx
	jnz 1b
	mov $7, %ecx
2:	mov 4(%rbx), %eax
	dec %ecx
	jnz 2b
	cmp $1, %eax			/* what was written last */
	jne failed
	mov $DONE, %eax
	jmp answer

access_registers:
	mov $0x123456789abcdef0, %rbx
	mov $77, %ecx
	mov $REGISTERS, %edx
	in %dx, %eax
	cmp $0x7e57, %eax
	jne failed
	test %rcx, %rcx			/* CPU 0 */
	jne failed
	not %rbx
	mov $0x123456789abcdef0, %rax
	cmp %rax, %rbx
	jne failed
	mov $DONE, %eax
	jmp answer

failed:
	mov $FAILED, %eax
	jmp answer

	.code16
trampoline:
	cli
	xor %ax, %ax
	mov %ax, %ds
	lgdtl TRAMPOLINE + (gdt_pointer - trampoline)
	mov %cr0, %eax
	or $1, %eax
	mov %eax, %cr0
	ljmpl $0x08, $second32
	.balign 8
gdt:	.quad 0
	.quad 0x00cf9b000000ffff	/* 08: 32-bit code */
	.quad 0x00cf93000000ffff	/* 10: data */
	.quad 0x00af9b000000ffff	/* 18: 64-bit code */
gdt_pointer:
	.word . - gdt - 1
	.long gdt
trampoline_end:
	.balign 4
finished:
	.long 0

	/*
	 * The "modules", at 0xffffffffc0101000: "first" up to 0x1040, "second" right after it in the
	 * same page, "third" over the border of the next page, "work" behind. The test knows how many
	 * instructions each executes for one call of work.
	 */
	.code64
	.org 0x1000
first:					/* 100 calls of 1 + 2 * 1000 + 1 */
	mov $1000, %ecx
1:	dec %ecx
	jnz 1b
	ret
	.org 0x1040
second:					/* 50 calls of 2 */
	nop
	ret
	.org 0x1ffc
third:					/* 20 calls of 9, four of them in the first page */
	.rept 8
	nop
	.endr
	ret
	.org 0x2100
work:					/* 1 + 100 * 3 + 1 + 50 * 3 + 1 + 20 * 3 + 1 */
	mov $100, %ebp
1:	call first
	dec %ebp
	jnz 1b
	mov $50, %ebp
2:	call second
	dec %ebp
	jnz 2b
	mov $20, %ebp
3:	call third
	dec %ebp
	jnz 3b
	ret
