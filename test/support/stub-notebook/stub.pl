# Acts like a notebook where the hub can tell no difference, for tests with many of them. In Perl, because Debian's
# smallest image has it: nothing to install, an answer after 10 ms, 6 MB of memory.
#
# STUB_MODE: exit[:CODE] | silent (never listens) | garbage (answers no HTTP) | slow:SECONDS (before it listens)
#            | oom (takes all memory) | stubborn (does not stop when asked to)
use strict;
use warnings;
use IO::Socket::INET;

my $prefix = $ENV{JUPYTERHUB_SERVICE_PREFIX} // '/';
my $secret = $ENV{JUPYTER_TOKEN} // '';
my ($mode, $argument) = split /:/, $ENV{STUB_MODE} || 'serve';

print STDERR "stub: mode $mode, path $prefix\n";
exit($argument // 1) if $mode eq 'exit';
sleep if $mode eq 'silent';
sleep $argument if $mode eq 'slow';
$SIG{TERM} = $mode eq 'stubborn' ? 'IGNORE' : sub { exit 0 };
if ($mode eq 'oom') {
    my @memory;
    push @memory, 'x' x 2**20 while 1;
}

my $listener = IO::Socket::INET->new(LocalPort => 8888, Listen => 128, ReuseAddr => 1) or die "stub: $@\n";
$SIG{CHLD} = 'IGNORE';
while (1) {
    my $client = $listener->accept or next;
    my $child = fork // die "stub: $!\n";
    if ($child == 0) {
        close $listener;
        serve($client);
        exit 0;
    }
    close $client;
}

sub serve {
    my ($client) = @_;
    binmode $client;
    return print $client "\x16\x03\x01 nothing to see here\n" if $mode eq 'garbage';
    while (my $request = read_request($client)) {
        return open_websocket($client, $request) if $request->{fields}{upgrade};
        my ($status, $type, $body, @more) = route($request);
        # What is asked about alone is not sent.
        answer($client, $status, $type, $request->{method} eq 'HEAD' ? '' : $body, @more);
        last if ($request->{fields}{connection} // '') =~ /close/i;
    }
}

# `headers` as they came, [name, value] each; `fields` by lower-case name, repeated ones joined as HTTP joins them.
sub read_request {
    my ($client) = @_;
    my ($method, $target) = split ' ', read_line($client) // return;
    my (@headers, %fields);
    while (defined(my $line = read_line($client))) {
        last if $line eq '';
        my ($name, $value) = split /:\s*/, $line, 2;
        push @headers, [$name, $value];
        my $key = lc $name;
        $fields{$key} = exists $fields{$key} ? "$fields{$key}, $value" : $value;
    }
    my $body = read_body($client, \%fields);
    return { method => $method, target => $target, headers => \@headers, fields => \%fields, body => $body };
}

sub read_line {
    my ($client) = @_;
    my $line = <$client> // return;
    $line =~ s/\r?\n\z//;
    return $line;
}

sub read_body {
    my ($client, $fields) = @_;
    return read_bytes($client, $fields->{'content-length'} // 0) unless $fields->{'transfer-encoding'};
    my $body = '';
    while (my $size = hex(read_line($client) // 0)) {
        $body .= read_bytes($client, $size);
        read_line($client);
    }
    read_line($client);
    return $body;
}

sub read_bytes {
    my ($client, $count) = @_;
    my $bytes = '';
    while (length $bytes < $count) {
        read $client, $bytes, $count - length $bytes, length $bytes or exit 0;
    }
    return $bytes;
}

sub has_secret {
    my ($request) = @_;
    return ($request->{fields}{authorization} // '') =~ /\A(?:token|bearer) (.*)\z/i && $1 eq $secret;
}

sub json_answer {
    my ($status, $value) = @_;
    return ($status, 'application/json', json($value));
}

# Status, type, body and more header lines.
sub route {
    my ($request) = @_;
    my ($path) = split /\?/, $request->{target};
    my $named = index($path, $prefix) == 0 ? substr($path, length $prefix) : undef;
    my $is_open = defined $named && $named eq 'api' && !$request->{fields}{authorization};
    return json_answer('403 Forbidden', { message => 'Forbidden' }) unless $is_open || has_secret($request);
    return json_answer('404 Not Found', { message => 'Not Found' }) unless defined $named;

    my $at = "$request->{method} $named";
    return ('302 Found', 'text/plain', '', "Location: ${prefix}lab") if $at eq 'GET ';
    return json_answer('200 OK', { version => '2.0.0' }) if $at =~ m{^GET api/?$};
    return json_answer('200 OK', { started => '2026-01-01T00:00:00Z' }) if $at eq 'GET api/status';
    return json_answer('201 Created', { id => 'x', name => 'python3' }) if $at eq 'POST api/kernels';
    return ('200 OK', 'text/html', '<!doctype html><title>Stub</title>', "Set-Cookie: _xsrf=stub; Path=$prefix")
        if $at =~ m{^GET (?:lab|tree|notebooks)\b};
    if ($named =~ m{^echo(?:/|$)}) {
        my %echo = map { $_ => $request->{$_} } qw(method body);
        return json_answer('200 OK',
            { %echo, path => $request->{target}, headers => $request->{fields}, rawHeaders => $request->{headers} });
    }
    return json_answer('404 Not Found', { message => 'Not Found' });
}

sub answer {
    my ($client, $status, $type, $body, @more) = @_;
    my @headers = ("Content-Type: $type", 'Content-Length: ' . length $body, @more);
    print $client join("\r\n", "HTTP/1.1 $status", @headers, '', $body);
    $client->flush;
}

sub json {
    my ($value) = @_;
    return '[' . join(',', map { json($_) } @$value) . ']' if ref $value eq 'ARRAY';
    return '{' . join(',', map { json($_) . ':' . json($value->{$_}) } sort keys %$value) . '}' if ref $value;
    $value =~ s/([^ !#-\[\]-~])/sprintf '\u%04x', ord $1/ge;
    return "\"$value\"";
}

# RFC 6455: sends back each frame, answers pings, ends when asked to.
sub open_websocket {
    my ($client, $request) = @_;
    my ($key, $protocols) = @{ $request->{fields} }{qw(sec-websocket-key sec-websocket-protocol)};
    my $is_kernel = $request->{target} =~ m{^\Q$prefix\Eapi/kernels/[^/]+/channels(?:\?|$)};
    return answer($client, json_answer('403 Forbidden', { message => 'Forbidden' })) unless has_secret($request);
    return answer($client, json_answer('404 Not Found', { message => 'Not Found' })) unless $key && $is_kernel;

    my @headers = ('Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Accept: ' . accept_key($key));
    push @headers, 'Sec-WebSocket-Protocol: ' . (split /,\s*/, $protocols)[0] if $protocols;
    print $client join("\r\n", 'HTTP/1.1 101 Switching Protocols', @headers, '', '');
    $client->flush;
    while (1) {
        my ($first, $second) = unpack 'CC', read_bytes($client, 2);
        my $length = $second & 127;
        $length = unpack 'n', read_bytes($client, 2) if $length == 126;
        $length = unpack 'Q>', read_bytes($client, 8) if $length == 127;
        my $mask = read_bytes($client, 4);
        my $payload = read_bytes($client, $length) ^ substr($mask x ($length / 4 + 1), 0, $length);
        my $opcode = $first & 15;
        send_frame($client, $opcode == 9 ? 0x8a : $first, $payload) unless $opcode == 10;
        return if $opcode == 8;
    }
}

sub send_frame {
    my ($client, $first, $payload) = @_;
    my $length = length $payload;
    my $size = $length < 126 ? pack 'C', $length : $length < 65536 ? pack 'Cn', 126, $length : pack 'CQ>', 127, $length;
    print $client chr($first), $size, $payload;
    $client->flush;
}

sub accept_key {
    my ($key) = @_;
    open my $sum, '-|', 'sh', '-c', 'printf %s "$1" | sha1sum', 'sh', "${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    # Uuencoding is base64 with other letters and a length in front; there is no module for either here.
    my $text = substr pack('u', pack 'H40', <$sum>), 1, 27;
    $text =~ tr|` -_|AA-Za-z0-9+/|;
    return "$text=";
}
