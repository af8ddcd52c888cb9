// tanh by pieces, for CPUs that look up 16 entries of a table of 32 in one instruction.
#pragma once

#include "vec.h"

#if defined(__AVX512F__)
namespace flambeau::FLAMBEAU_ISA {
namespace {
namespace math {

// tanh(s + t) = c0 + c1 t + … + c5 t^5 for pieces of a quarter of an octave from 1/8 on; entry i is the
// piece that begins at s = (1 + (i - 1) % 4 / 4) 2^((i - 1) / 4 - 3), entry 0 the one at 0. From 10 on it is 1. Minimax
// fits (Lawson's iteration) of the relative error, each coefficient rounded before the next is fitted.
alignas(64) constexpr float kTanh[6][32] = {
    {0.0f,         0.124352999f, 0.154990733f, 0.185333207f, 0.215326339f, 0.244918659f, 0.302709728f,
     0.3583574f,   0.411570042f, 0.462117165f, 0.554599702f, 0.635148942f, 0.703905582f, 0.761594176f,
     0.848283648f, 0.905148268f, 0.941375554f, 0.964027584f, 0.986614287f, 0.995054781f, 0.998177886f,
     0.999329329f, 0.999909222f, 0.999987721f, 0.999998331f, 0.999999762f, 1.0f},
    {1.0f,           0.98454082f,     0.975974143f,    0.965639651f,    0.953635633f,   0.940017402f,   0.908367515f,
     0.871578872f,   0.830620825f,    0.786444426f,    0.692427278f,    0.596589804f,   0.504525542f,   0.419970602f,
     0.280413389f,   0.180703908f,    0.113809109f,    0.0706501305f,   0.0265928525f,  0.00986314099f, 0.00364196696f,
     0.00133913546f, 0.000180634903f, 2.40830996e-05f, 3.61530397e-06f, 7.77554078e-07f},
    {3.11896969e-07f, -0.123606727f,   -0.150294915f,   -0.175856888f,   -0.205618948f,    -0.230562359f,
     -0.275061876f,   -0.312193573f,   -0.343244314f,   -0.363213569f,   -0.384543121f,    -0.379179388f,
     -0.355690092f,   -0.319741845f,   -0.23783192f,    -0.163481787f,   -0.107044861f,    -0.0680925623f,
     -0.026239533f,   -0.00976814982f, -0.00365036842f, -0.00132126349f, -0.000173362307f, -2.05504457e-05f,
     -5.6224626e-06f, -1.74408353e-06f},
    {-0.333355635f,   -0.20564428f,    -0.390247554f,   -0.570802093f,   -0.248659864f,  -0.241669655f,  -0.21545881f,
     -0.18511498f,    -0.0733495951f,  -0.0991967469f,  -0.00589961233f, 0.0476529188f,  0.094396919f,   0.102585949f,
     0.107997462f,    0.0869192854f,   0.0618659407f,   0.0419668965f,   0.016987592f,   0.00618161401f, 0.00249472074f,
     0.000819804496f, 9.52945338e-05f, 4.74509579e-06f, 8.58951717e-06f, 2.07977018e-06f},
    {0.000472800515f,  -3.89777875f,    3.36362672f,     10.5248213f,      -0.79392153f,     -0.143202677f,
     0.0828911662f,    0.288688838f,    -0.986348212f,   0.211802945f,     0.0282509141f,    0.045906499f,
     -0.0551868901f,   0.0306823011f,   -0.0122909192f,  -0.0213264804f,   -0.0187898632f,   -0.017367769f,
     -0.00774816936f,  -0.00238844659f, -0.00134055445f, -0.000313847937f, -2.44368021e-05f, 6.00617523e-06f,
     -8.26460018e-06f, -1.12540272e-06f},
    {0.129986018f,    51.5632782f,     -42.057209f,    -134.136444f,    11.9451571f,     1.89461803f,
     0.523324251f,    -0.765343845f,   7.42827034f,    -0.188732207f,   0.294082254f,    0.109607838f,
     0.31672439f,     -0.0431124046f,  -0.0140340272f, -0.00605835067f, -0.0032968123f,  0.00398140959f,
     0.00207188772f,  0.000324222347f, 0.00047930688f, 5.60188819e-05f, 3.41649724e-07f, -3.67804682e-06f,
     3.13187525e-06f, 2.19903924e-07f}};

FLAMBEAU_INLINE VecF32 look_up(const float (&table)[32], __m512i index) {
  return VecF32(_mm512_permutex2var_ps(_mm512_load_ps(table), index, _mm512_load_ps(table + 16)));
}

FLAMBEAU_INLINE VecF32 tanh(VecF32 x) {
  constexpr int kPieceBits = 21;                // of the fraction, that a piece leaves
  const VecF32 a = min(VecF32(10.0f), abs(x));  // NaN stays NaN
  const __m512i bits = a.bits().v, first = _mm512_set1_epi32(4 * (127 - 3) - 1);
  const __m512i index =
      _mm512_max_epi32(_mm512_sub_epi32(_mm512_srli_epi32(bits, kPieceBits), first), _mm512_setzero_si512());
  const __mmask16 beyond_first = _mm512_cmp_ps_mask(a.v, _mm512_set1_ps(0.125f), _CMP_NLT_UQ);
  const __m512i start = _mm512_maskz_and_epi32(beyond_first, bits, _mm512_set1_epi32(~((1 << kPieceBits) - 1)));
  const VecF32 t = a - VecF32::from_bits(VecF32::Bits(start));
  VecF32 y = look_up(kTanh[5], index);
  for (int i = 4; i >= 0; --i) y = fma(y, t, look_up(kTanh[i], index));
  return copysign(y, x);
}

}  // namespace math
}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
#endif
