// The normal distribution's tail Q(t) = P(X > t) and what follows from it, single precision. Q halves as often as t
// grows, so it is kept as polynomials around 16 points in [0, 5.5], whose coefficients are found by a permutation of
// registers; beyond, where few values lie, it is the density times a polynomial in 1 / t (the asymptotic form of Mills'
// ratio). The fits are weighted least squares in 40 digits for the smallest largest relative error, made for this file.
#pragma once

#include "math.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {
namespace math {

// Row j holds the coefficients of r^j around (i + 1/2) kTailStep, i = 0 .. 15, r in [-kTailStep, 0]: expanded from the
// right end, where the function is least, all terms have one sign and nothing cancels.
constexpr float kTailStep = 11.0f / 32, kTailEnd = 15.5f * kTailStep;
template <int N>
struct TailTable {
  float c[N][16];
};
constexpr TailTable<8> kNormalTail = {{
    {0.431767911f, 0.303058177f, 0.195066825f, 0.114463978f, 0.0609466955f, 0.0293372106f, 0.0127292043f,
     0.00496690301f, 0.00173965574f, 0.000546113937f, 0.000153467816f, 3.85685562e-05f, 8.66114078e-06f,
     1.73678484e-06f, 3.10812084e-07f, 4.96159096e-08f},
    {-0.39309302f, -0.349282891f, -0.275766373f, -0.193458274f, -0.120591119f, -0.0667921305f, -0.032871332f,
     -0.0143744526f, -0.00558531005f, -0.00192834751f, -0.000591568823f, -0.000161252814f, -3.90563218e-05f,
     -8.40538269e-06f, -1.60733259e-06f, -2.73109151e-07f},
    {0.0337814316f, 0.090049535f, 0.118493401f, 0.116377257f, 0.093269676f, 0.0631394163f, 0.0367234312f, 0.0185295679f,
     0.00815979391f, 0.00314863352f, 0.00106759812f, 0.000318726175f, 8.39096829e-05f, 1.95028424e-05f, 4.00564886e-06f,
     7.27535621e-07f},
    {0.0635801181f, 0.042737443f, 0.0120185437f, -0.0144288503f, -0.027994046f, -0.0286594648f, -0.0218729861f,
     -0.0135280723f, -0.00701628672f, -0.00310593587f, -0.00118582824f, -0.000393115479f, -0.000113684058f,
     -2.87748007e-05f, -6.39068367e-06f, -1.24780547e-06f},
    {-0.00836197659f, -0.0205068085f, -0.0223204345f, -0.0150537081f, -0.00472389348f, 0.00301683042f, 0.00609473698f,
     0.00563146407f, 0.00376679981f, 0.00201206701f, 0.000892470649f, 0.000335347315f, 0.000108003951f, 3.00397714e-05f,
     7.25254495e-06f, 1.52543942e-06f},
    {-0.00924668647f, -0.00422769366f, 0.00210031308f, 0.00580158597f, 0.00562871341f, 0.00311906799f, 0.000539495726f,
     -0.000871047319f, -0.00113808468f, -0.000840685214f, -0.000463893899f, -0.00020648299f, -7.66856319e-05f,
     -2.42075748e-05f, -6.57053442e-06f, -1.54544102e-06f},
    {0.00140131335f, 0.00334306364f, 0.00290720677f, 0.000888354436f, -0.000940975035f, -0.00152614329f,
     -0.00107553112f, -0.000361491635f, 9.22001491e-05f, 0.000217108885f, 0.000168940256f, 8.98945218e-05f,
     3.69377849e-05f, 1.22515785e-05f, 3.34645665e-06f, 7.59083605e-07f},
    {0.00115448399f, 0.000729018589f, -0.000191882777f, -0.000790740422f, -0.000706931867f, -0.000226723496f,
     0.00017068733f, 0.000274509395f, 0.000178124334f, 5.26427939e-05f, -1.57725208e-05f, -2.99179756e-05f,
     -2.1040456e-05f, -1.02779068e-05f, -3.91903131e-06f, -1.22096822e-06f},
}};
// Q(t) - t phi(t), the derivative of x Phi(x) at -t
constexpr TailTable<7> kGeluTail = {{
    {0.364205033f, 0.122959182f, -0.041919902f, -0.118290514f, -0.125592694f, -0.0969416648f, -0.0607176796f,
     -0.0320922323f, -0.0145799229f, -0.005751146f, -0.00198172592f, -0.000598883955f, -0.000159158968f,
     -3.72694267e-05f, -7.70072893e-06f, -1.40554096e-06f},
    {-0.774573624f, -0.605702341f, -0.347872227f, -0.10688369f, 0.0473709591f, 0.105161719f, 0.0983651653f,
     0.0667941496f, 0.0365131423f, 0.0167078003f, 0.00652358402f, 0.00219742651f, 0.000642989704f, 0.00016420208f,
     3.67175599e-05f, 7.20690196e-06f},
    {0.134127527f, 0.33625266f, 0.386465997f, 0.29705742f, 0.149904728f, 0.0268674642f, -0.0364478417f, -0.0490442403f,
     -0.0370240733f, -0.0209830739f, -0.00963749364f, -0.0037057572f, -0.0012135884f, -0.000342014391f, -8.3512241e-05f,
     -1.77522488e-05f},
    {0.248562559f, 0.128561482f, -0.0286372006f, -0.130071908f, -0.141111568f, -0.091791369f, -0.0330378227f,
     0.00393038988f, 0.0159375481f, 0.0138515197f, 0.00814274605f, 0.00373336137f, 0.00140396378f, 0.000443733385f,
     0.000119518409f, 2.76760493e-05f},
    {-0.0499077141f, -0.114203751f, -0.102418549f, -0.039590098f, 0.0206798464f, 0.044814758f, 0.0363367088f,
     0.0166565701f, 0.00202805549f, -0.00372232497f, -0.00389701244f, -0.00237676408f, -0.00108749955f,
     -0.000401554193f, -0.000123645354f, -3.23305831e-05f},
    {-0.055335395f, -0.0183140934f, 0.0283610504f, 0.044656489f, 0.0282713138f, 0.00242189248f, -0.0119252922f,
     -0.0120121753f, -0.00598500948f, -0.00102097716f, 0.000938611571f, 0.00101818191f, 0.000580279215f,
     0.000238964989f, 7.70961778e-05f, 2.01222556e-05f},
    {0.00566701218f, 0.0190467779f, 0.0209533088f, 0.00701529393f, -0.00743121048f, -0.0115308473f, -0.00648077857f,
     -0.000163553777f, 0.00261883577f, 0.00223166728f, 0.000930257083f, 7.80277987e-05f, -0.000180402494f,
     -0.000153676723f, -7.74073415e-05f, -2.90681637e-05f},
}};

template <class V, int N>
FLAMBEAU_INLINE V tail_from_table(const TailTable<N>& table, V t) {
  const V rounded = fma(t, V(1.0f / kTailStep), V(kRounder));
  const typename V::Bits index = rounded.bits();
  const V r = fma(rounded - V(kRounder), V(-kTailStep), t) - V(0.5f * kTailStep);  // exact where t is not small
  V y = lookup<V>(table.c[N - 1], index);
  for (int j = N - 2; j >= 0; --j) y = fma(y, r, lookup<V>(table.c[j], index));
  return y;
}

// For t >= kTailEnd: phi(t) sqrt(2 pi), with the rounding of t^2 put right, and t Q / density. From 15 on all is 0.
template <class V>
struct FarTail {
  V density, ratio;
  FLAMBEAU_INLINE explicit FarTail(V t) {
    const V inverse = V(1.0f) / t;
    ratio = poly(inverse, 0.398939341f, 0.000124539307f, -0.400645494f, 0.00190250727f, 1.36703765f, -1.70137787f);
    t = min(V(15.0f), t);
    const V high = V::from_bits(t.bits() & typename V::Bits(uint32_t(0xfffff000))), low = t - high;
    const V square = t * t, lost = ((high * high - square) + V(2.0f) * high * low) + low * low;
    const V e = exp_below(square * V(-0.5f));
    density = fma(e * V(-0.5f), lost, e);
  }
};

// x Phi(x)
template <class V>
FLAMBEAU_INLINE V gelu_f32(V x) {
  const V t = abs(x);
  const V q = tail_from_table(kNormalTail, min(V(kTailEnd), t));
  V y = fma(-t, q, max(V(0.0f), x));
  const auto far = t >= V(kTailEnd);
  if (any(far)) {
    const FarTail<V> tail(t);
    // An infinite t times no density is NaN, as PyTorch has it.
    y = select(far, select(x < V(0.0f), -(tail.density * select(t < V(INFINITY), tail.ratio, t)), t), y);
  }
  return y;
}
// Phi(x) + x phi(x)
template <class V>
FLAMBEAU_INLINE V gelu_slope_f32(V x) {
  const V t = abs(x);
  V d = tail_from_table(kGeluTail, min(V(kTailEnd), t));
  const auto far = t >= V(kTailEnd);
  if (any(far)) {
    const FarTail<V> tail(t);
    d = select(far, tail.density * fma(t, V(-0.398942280f), tail.ratio / t), d);
  }
  return select(x < V(0.0f), d, V(1.0f) - d);
}

}  // namespace math
}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
