#!/usr/bin/perl
# Starts Chromium deaf to what becomes of the machine's networks. It drops whatever it is about to fetch when one comes
# or goes (net::ERR_NETWORK_CHANGED), as they do for each notebook that starts, and has no setting for it. Where it may
# open no netlink socket it takes the machine for connected. Perl is on every Debian.
use strict;
use warnings;
use POSIX ();

my $machine  = ( POSIX::uname() )[4];
my %numbers  = ( x86_64 => [ 157, 41 ], aarch64 => [ 167, 198 ] );
my @chromium = ( '/usr/bin/chromium', @ARGV );

if ( my $known = $numbers{$machine} ) {
    my ( $prctl, $socket ) = @$known;
    my ( $load, $equals, $return ) = ( 0x20, 0x15, 0x06 );
    my ( $allow, $refuse ) = ( 0x7fff0000, 0x00050000 | POSIX::EACCES() );
    my $af_netlink = 16;
    # Of a system call: its number, and the lower half of its first argument.
    my @rules = (
        [ $load,   0, 0, 0 ],
        [ $equals, 0, 3, $socket ],
        [ $load,   0, 0, 16 ],
        [ $equals, 0, 1, $af_netlink ],
        [ $return, 0, 0, $refuse ],
        [ $return, 0, 0, $allow ],
    );
    my $filter  = join '', map { pack 'SCCL', @$_ } @rules;
    my $program = pack 'S x6 P', scalar @rules, $filter;
    my ( $set_no_new_privs, $set_seccomp, $mode_filter ) = ( 38, 22, 2 );
    syscall( $prctl, $set_no_new_privs, 1, 0, 0, 0 ) == 0
      && syscall( $prctl, $set_seccomp, $mode_filter, $program ) == 0
      or warn "Chromium will hear of networks: $!\n";
}
exec { $chromium[0] } @chromium or die "Chromium does not start: $!\n";
