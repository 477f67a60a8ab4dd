# apt install libcrypt-jwt-perl libhttp-daemon-perl libio-socket-ssl-perl && perl verify.pl
# It answers at http://localhost:9000. ISSUER and PORT change what it trusts and where it listens.
use v5.36;
use Crypt::JWT 'decode_jwt';
use HTTP::Daemon;
use HTTP::Response;
use HTTP::Tiny;
use JSON::PP 'decode_json';

my $issuer = $ENV{ISSUER} // 'http://localhost:8080';
my $port   = $ENV{PORT}   // 9000;

sub fetch ($url) {
    my $answer = HTTP::Tiny->new(verify_SSL => 1)->get($url);    # which older versions do not do by themselves
    $answer->{success} or die "$url: $answer->{status} $answer->{reason}: $answer->{content}\n";
    return decode_json $answer->{content};
}

my $jwks_uri = fetch("$issuer/.well-known/openid-configuration")->{jwks_uri};
my ($keys, $fetched) = (fetch($jwks_uri), time);
my %checks = (accepted_alg => 'RS256', verify_iss => $issuer, verify_aud => 'restaurant', verify_exp => 1, decode_header => 1);

sub verify ($token) {
    my ($header, $claims) = eval { decode_jwt(token => $token, kid_keys => $keys, %checks) };
    if ($@ =~ /kid_keys lookup failed/ && time > $fetched) {    # the keys have rotated; or somebody made a name up, who shall not cause many requests
        ($keys, $fetched) = (fetch($jwks_uri), time);
        ($header, $claims) = decode_jwt(token => $token, kid_keys => $keys, %checks);
    }
    die $@ || "not an access token\n" unless ($header->{typ} // '') eq 'at+jwt';
    return $claims;
}

my $daemon = HTTP::Daemon->new(LocalAddr => '127.0.0.1', LocalPort => $port, ReuseAddr => 1) or die "port $port: $!\n";
while (my $client = $daemon->accept) {    # one request after the other, which is enough for a try
    my $request = $client->get_request or next;
    my ($token) = ($request->header('Authorization') // '') =~ /^Bearer +(\S+)$/i;
    my $claims = eval { verify($token // '') };
    my $answer
        = $claims
        ? HTTP::Response->new(200, 'OK',           ['X-User' => $claims->{sub}], "Hello, $claims->{name}!\n")
        : HTTP::Response->new(401, 'Unauthorized', ['WWW-Authenticate' => 'Bearer error="invalid_token"'], "Log in at the restaurant, and send its access token.\n");
    utf8::encode(my $body = $answer->content);
    $answer->content($body);
    $answer->header('Content-Type' => 'text/plain; charset=utf-8', Connection => 'close');
    $client->send_response($answer);
}
