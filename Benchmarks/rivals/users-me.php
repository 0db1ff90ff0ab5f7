<?php
// GET /auth/users/me as PHP would have it, on the same database; run by php-cgi or php-fpm.

function refuse(int $status, string $code): never {
    http_response_code($status);
    header('Content-Type: application/json; charset=utf-8');
    exit(json_encode(['success' => false, 'data' => null, 'error' => ['code' => $code]]));
}

function decoded(string $text): string {
    $bytes = base64_decode(strtr($text, '-_', '+/'), true);
    return $bytes === false ? refuse(401, 'invalid_token') : $bytes;
}

// OpenSSL wants the public key as PEM: a fixed DER head for P-256, and the point.
function publicKey(string $home, string $kid): string {
    if (!preg_match('/^[A-Za-z0-9_-]{43}$/D', $kid) || !is_file("$home/keys/$kid.key")) refuse(401, 'invalid_token');
    $point = substr(file_get_contents("$home/keys/$kid.key"), 32, 64);
    $der = hex2bin('3059301306072a8648ce3d020106082a8648ce3d030107034200') . "\x04" . $point;
    return "-----BEGIN PUBLIC KEY-----\n" . chunk_split(base64_encode($der), 64, "\n") . "-----END PUBLIC KEY-----\n";
}

// And the signature as DER, not as two numbers side by side.
function derSignature(string $signature): string {
    if (strlen($signature) !== 64) refuse(401, 'invalid_token');
    $body = '';
    foreach (str_split($signature, 32) as $number) {
        $number = ltrim($number, "\0");
        if ($number === '' || ord($number[0]) > 127) $number = "\0$number";
        $body .= "\x02" . chr(strlen($number)) . $number;
    }
    return "\x30" . chr(strlen($body)) . $body;
}

function claims(string $token, string $home): array {
    $parts = explode('.', $token);
    if (count($parts) !== 3) refuse(401, 'invalid_token');
    $header = json_decode(decoded($parts[0]), true);
    if (($header['alg'] ?? '') !== 'ES256' || ($header['typ'] ?? '') !== 'JWT') refuse(401, 'invalid_token');
    $good = openssl_verify(
        "$parts[0].$parts[1]", derSignature(decoded($parts[2])), publicKey($home, $header['kid'] ?? ''), OPENSSL_ALGO_SHA256);
    $claims = json_decode(decoded($parts[1]), true);
    if ($good !== 1 || $claims['iss'] !== 'http://localhost:8000' || $claims['exp'] <= time()) refuse(401, 'invalid_token');
    return $claims;
}

function uuidText(string $id): string {
    return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($id), 4));
}

function timeText(int $milliseconds): string {
    return gmdate('Y-m-d\TH:i:s', intdiv($milliseconds, 1000)) . sprintf('.%03dZ', $milliseconds % 1000);
}

$home = $_SERVER['LATCHKEY_HOME'];
if (!preg_match('/^Bearer +(\S+)$/Di', $_SERVER['HTTP_AUTHORIZATION'] ?? '', $match)) refuse(401, 'not_authenticated');
$claims = claims($match[1], $home);

$database = new PDO("sqlite:$home/latchkey.db", null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
$query = $database->prepare(
    'SELECT u.*, s.expires_at AS session_expires_at, s.revoked_at
     FROM sessions AS s JOIN users AS u ON u.id = s.user_id WHERE s.id = ?');
$query->bindValue(1, hex2bin(str_replace('-', '', $claims['sid'])), PDO::PARAM_LOB);
$query->execute();
$user = $query->fetch(PDO::FETCH_ASSOC);
if (!$user || uuidText($user['id']) !== $claims['sub']) refuse(401, 'invalid_token');
if (!$user['is_active']) refuse(403, 'account_inactive');
if ($user['revoked_at'] !== null || $user['session_expires_at'] <= microtime(true) * 1000) refuse(401, 'invalid_token');
$query = $database->prepare(
    'SELECT projects.id, projects.name FROM members JOIN projects ON projects.id = members.project_id
     WHERE members.user_id = ? ORDER BY members.created_at, projects.id');
$query->bindValue(1, $user['id'], PDO::PARAM_LOB);
$query->execute();
$projects = array_map(fn($row) => ['id' => uuidText($row['id']), 'name' => $row['name']], $query->fetchAll(PDO::FETCH_ASSOC));

header('Content-Type: application/json; charset=utf-8');
header('Cache-Control: no-store');
echo json_encode(['success' => true, 'data' => [
    'id' => uuidText($user['id']), 'email' => $user['email'], 'full_name' => $user['full_name'],
    'is_active' => (bool)$user['is_active'], 'is_superuser' => (bool)$user['is_superuser'],
    'is_verified' => (bool)$user['is_verified'], 'projects' => $projects,
    'created_at' => timeText($user['created_at']), 'updated_at' => timeText($user['updated_at']),
    'billing' => ['token_balance' => $user['token_balance'], 'tokens_used' => $user['tokens_used'],
        'subscription_tier' => $user['subscription_tier']],
], 'error' => null], JSON_UNESCAPED_SLASHES);
